"""Runs one hook of a build back end (PEP 517). It is copied into the sandbox, and runs there.

It uses nothing but the standard library of any Python 3, for it is started by the target's own.
`python hook_runner.py REQUEST RESULT`: REQUEST is JSON, an object of `backend`, `backend_path`,
`hook` and `arguments`; the file RESULT gets `{"value": …}` or `{"missing": true}`.
"""

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Run the hook that the request names."""
    # Back ends put arguments of their own into their places.
    request, result_file = json.loads(sys.argv[1]), Path(sys.argv[2])
    # The first entry is this file's folder, which the project has no business with.
    sys.path[:1] = [str(Path(folder).absolute()) for folder in request["backend_path"]]
    module, _, attributes = request["backend"].partition(":")
    backend = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    hook = getattr(backend, request["hook"], None)
    result = {"missing": True} if hook is None else {"value": hook(*request["arguments"])}
    result_file.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
