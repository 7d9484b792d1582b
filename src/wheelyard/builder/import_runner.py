"""Imports modules, each in a process of its own. It is copied into the sandbox, and runs there.

It uses nothing but the standard library of any Python 3, for it is started by the target's own.
`python import_runner.py FOLDER RESULTS MODULE…`: modules are looked for in FOLDER first; the file
RESULTS gets one line of JSON each, `{"module": …, "signal": …, "error": …, "kinds": …}`.
"""

import importlib
import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Import every module that was named, and tell how each of them went."""
    folder, results, modules = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    # The first entry is this file's folder, which the project has no business with.
    sys.path[:1] = [folder]
    answer = Path(f"{results}.one")
    for module in modules:
        answer.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            _import(module, answer)
        _, status = os.waitpid(child, 0)
        found = {"module": module, "signal": 0, "error": "It ended without a word.", "kinds": []}
        if os.WIFSIGNALED(status):
            found["signal"] = os.WTERMSIG(status)
        elif answer.exists():
            found.update(json.loads(answer.read_text(encoding="utf-8")))
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")


def _import(module: str, answer: Path) -> None:
    """Import one module and end; what it raises is told by its classes."""
    told: dict[str, object] = {"error": None}
    try:
        importlib.import_module(module)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        kinds = [kind.__name__ for kind in type(error).__mro__]
        told = {"error": str(error)[:1000], "kinds": kinds, "name": getattr(error, "name", None)}
    answer.write_text(json.dumps(told), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
