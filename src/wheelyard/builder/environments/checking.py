"""Whether an environment is whole, and does what builds need of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.builder.environments.manifest import read_packages
from wheelyard.builder.environments.root import root_view
from wheelyard.builder.environments.running import require_runnable
from wheelyard.builder.environments.store import Version
from wheelyard.builder.sandbox.sandbox import Command, Sandbox
from wheelyard.errors import EnvironmentUnusable, WheelyardError
from wheelyard.model.build import Limits
from wheelyard.model.environment import EnvironmentName

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_TIMEOUT = timedelta(minutes=10)
_LIMITS = Limits(duration=timedelta(minutes=5))
_VERIFIED = re.compile(r"(?P<flags>\S{9})\s+(?P<kind>c?)\s*(?P<path>/.*)|missing\s+(?P<gone>/.*)")
_NOT_NEEDED = tuple(f"/usr/share/{name}/" for name in ("doc", "info", "man"))
"""An imported root may have been made without them."""

_MOST_SHOWN = 5
_SCRIPT = (
    "printf '#include <Python.h>\\nint main(void){return 0;}' >/tmp/t.c"
    " && cc $(python3-config --includes) -c /tmp/t.c -o /tmp/t.o"
)
_COMPILE = ("/bin/sh", "-c", _SCRIPT)
_PYTHON = ("/usr/bin/python3", "-I", "-c", "import platform; print(platform.python_version())")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at, and what is wrong with it (empty: nothing)."""

    name: str
    problem: str


def check(name: EnvironmentName, version: Version, sandbox: Sandbox) -> list[Check]:
    """Return what was looked at, in this order: content, then whether it works."""
    shown = sandbox.showing(root_view(version.root))
    checks: list[tuple[str, Callable[[], str]]] = [
        ("its packages are those of the manifest", lambda: _packages(version)),
        ("no file of a package was changed", lambda: _files(version.root)),
        ("its programs run on this machine", lambda: _runnable(name)),
        ("its Python is that of the manifest", lambda: _python(shown, version)),
        ("a C file that includes Python.h compiles", lambda: _run(shown, _COMPILE)[0]),
    ]
    return [Check(name=title, problem=_problem(look)) for title, look in checks]


def _problem(look: Callable[[], str]) -> str:
    try:
        return look()
    except WheelyardError as error:
        return str(error)


def _packages(version: Version) -> str:
    there, told = set(read_packages(version.root)), set(version.manifest.packages)
    differing = sorted({item.name for item in there ^ told})
    return f"these differ: {', '.join(differing[:_MOST_SHOWN])}" if differing else ""


def _files(root: Path) -> str:
    completed = process.run(
        ["dpkg", f"--admindir={root}/var/lib/dpkg", f"--instdir={root}", "--verify"],
        environment=_ENVIRONMENT,
        timeout=_TIMEOUT,
    )
    return describe_verification(completed.stdout)


def describe_verification(printed: str) -> str:
    """Return what is wrong by the words of `dpkg --verify`: settings and manuals may differ."""
    wrong = []
    for line in printed.splitlines():
        found = _VERIFIED.match(line)
        if found is None or found["kind"] == "c":
            continue
        path = found["path"] or found["gone"]
        if not path.startswith(_NOT_NEEDED):
            wrong.append(path)
    return f"changed or missing: {', '.join(wrong[:_MOST_SHOWN])}" if wrong else ""


def _runnable(name: EnvironmentName) -> str:
    try:
        require_runnable(name)
    except EnvironmentUnusable as error:
        return error.advice
    return ""


def _python(sandbox: Sandbox, version: Version) -> str:
    problem, printed = _run(sandbox, _PYTHON)
    wanted = version.manifest.python
    if problem or printed == wanted:
        return problem
    return f"it is {printed[:50]!r}, the manifest says {wanted}"


def _run(sandbox: Sandbox, arguments: tuple[str, ...]) -> tuple[str, str]:
    """Run a command in the environment; return what is wrong, and what it printed."""
    printed = bytearray()
    result = sandbox.run(
        Command(
            arguments=arguments,
            folder="/",
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            limits=_LIMITS,
        ),
        output=printed.extend,
    )
    text = printed.decode(errors="replace").strip()
    is_well = result.exit_status == 0 and result.limit_hit is None
    return ("" if is_well else text[-300:] or f"it ended with {result.exit_status}"), text
