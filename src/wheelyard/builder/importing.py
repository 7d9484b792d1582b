"""Imports every top-level module of a new wheel, in a clean environment and without network."""

import json
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from wheelyard.builder.hooks import open_plain_file
from wheelyard.builder.installing import Index
from wheelyard.builder.report import Reporting
from wheelyard.builder.requirements import INSIDE, make_environment
from wheelyard.builder.sandbox.folders import BuildUser, hand_over
from wheelyard.builder.sandbox.sandbox import Command, LimitHit, Sandbox
from wheelyard.certify.archive import open_archive
from wheelyard.certify.contents import Contents
from wheelyard.certify.paths import installed_path
from wheelyard.errors import HostileContent
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.certificate import Check, failed, not_applicable, passed
from wheelyard.model.target import Target

NAME = "import"
"""The name of the check."""

_UNTRIED = "What the wheel requires cannot be installed for this target yet."
_WHEEL = "/build/wheel"
_RESULTS = "/build/results"
_RUNNER = "/build/import_runner.py"
_RUNNER_FILE = Path(__file__).with_name("import_runner.py")
_DURATION = timedelta(minutes=10)
_MAX_RESULT_BYTES = 1024**2
_MAX_MODULES = 50
_MAX_REQUIREMENTS = 100
_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.py|(?:\.[\w-]+)?\.so)")
_NOT_FOR_USERS = re.compile(r"(?:conftest|docs?|examples?|benchmarks?|setup|tests?)\Z|test_|__")
_NO_FAULT = frozenset({"RuntimeError", "OSError", "SystemExit"})
_OLDEST_CPU = {"armv6l": "arm1176", "armv7l": "cortex-a7"}
"""What qemu pretends to be: the first Raspberry Pi of each architecture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlace:
    """Where modules are imported: a clean sandbox, and folders of this build's own.

    `folder` does not exist yet; `index` is where run-time requirements come from.
    """

    sandbox: Sandbox
    user: BuildUser | None
    folder: Path
    index: Index
    limits: Limits


def check_imports(
    contents: Contents, target: Target, place: ImportPlace, report: Reporting
) -> Check | Failure:
    """Import the wheel's top-level modules; a failure is one of ours or of the network's.

    Run-time requirements are installed from wheels only; where one cannot be had for the target
    yet, nothing can be said.
    """
    modules = top_level_modules(contents)
    if not modules:
        return not_applicable(NAME, "The wheel has no module at its top.")
    requires = runtime_requirements(contents.metadata, target)
    today = datetime.now(UTC).date()
    environment = make_environment(requires, target, place.index, day=today, check=report.check)
    if isinstance(environment, Failure):
        if environment.kind.is_worth_a_retry:
            return environment
        return not_applicable(NAME, _UNTRIED, environment.subject or environment.message)
    report.say(f"importing {', '.join(modules)}")
    results = _run(contents, modules, environment, target, place, report)
    return results if isinstance(results, Failure) else judge(modules, results)


def is_untried(check: Check) -> bool:
    """Whether nothing was imported for want of what the wheel requires."""
    return check.message == _UNTRIED


def top_level_modules(contents: Contents) -> tuple[str, ...]:
    """Return the names that users of a wheel import, without tests and the like."""
    found = set()
    for file in contents.files:
        path = installed_path(file)
        top, _, below = path.partition("/")
        name = top if below.endswith((".py", ".so")) else None
        if not below and (module := _MODULE.fullmatch(top)):
            name = module[1]
        if name is not None and name.isidentifier() and not _NOT_FOR_USERS.match(name):
            found.add(name)
    return tuple(sorted(found)[:_MAX_MODULES])


def runtime_requirements(metadata: bytes, target: Target) -> tuple[str, ...]:
    """Return what a wheel requires on its target (Requires-Dist), extras left out."""
    stated = BytesHeaderParser().parsebytes(metadata).get_all("Requires-Dist", [])
    found = []
    for text in stated[:_MAX_REQUIREMENTS]:
        try:
            requirement = Requirement(str(text))
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate(_markers(target)):
            requirement.marker = None
            found.append(str(requirement))
    return tuple(found)


def judge(modules: Sequence[str], results: Sequence[dict[str, object]]) -> Check:
    """Make a check of how the imports went.

    A module that declines by an error of the machine (`RuntimeError`, `OSError`) or for want of
    another project's module that nobody declared does so on every machine of this kind: that is
    told, and no fault of the wheel's. Whatever else goes wrong is.
    """
    told = {str(result.get("module")): result for result in results}
    wrong = [line for module in modules if (line := _problem(module, told.get(module), modules))]
    if wrong:
        return failed(NAME, "A module of the wheel cannot be imported.", *wrong)
    declined = [
        f"{module}: {_shown(told[module])}"
        for module in modules
        if told[module].get("error") is not None
    ]
    if len(declined) == len(modules):
        message = "The modules decline to be imported on a machine like this one."
        return not_applicable(NAME, message, *declined)
    imported = [module for module in modules if told[module].get("error") is None]
    return passed(NAME, f"These modules can be imported: {', '.join(imported)}.", *declined)


def _problem(module: str, result: dict[str, object] | None, modules: Sequence[str]) -> str | None:
    if result is None:
        return f"{module}: the interpreter ended before it"
    number = result.get("signal")
    if isinstance(number, int) and number:
        return f"{module}: {signal.strsignal(number) or number}"
    if result.get("error") is None:
        return None
    kinds = result.get("kinds")
    names = set(kinds) if isinstance(kinds, list) else set()
    if "ModuleNotFoundError" in names:
        wanted = str(result.get("name")).partition(".")[0]
        return f"{module}: {_shown(result)}" if wanted in modules else None
    return None if names & _NO_FAULT else f"{module}: {_shown(result)}"


def _shown(result: dict[str, object]) -> str:
    kinds = result.get("kinds")
    kind = kinds[0] if isinstance(kinds, list) and kinds else "error"
    return f"{kind}: {result.get('error')}"


def _run(  # noqa: PLR0913, PLR0917 - all that one run needs
    contents: Contents,
    modules: Sequence[str],
    environment: Path,
    target: Target,
    place: ImportPlace,
    report: Reporting,
) -> list[dict[str, object]] | Failure:
    site, results = place.folder / "site", place.folder / "results"
    place.folder.mkdir()
    results.mkdir()
    unpack(contents, site)
    hand_over(results, place.user)
    variables = {"PATH": "/usr/bin:/bin", "HOME": "/tmp/home", "LANG": "C.UTF-8"}  # noqa: S108 - a path inside the sandbox
    if target.architecture in _OLDEST_CPU:
        variables["QEMU_CPU"] = _OLDEST_CPU[target.architecture]
    done = place.sandbox.run(
        Command(
            arguments=(
                *(f"{INSIDE}/bin/python3", "-B", _RUNNER, _WHEEL),
                *(f"{_RESULTS}/results.json", *modules),
            ),
            folder=_RESULTS,
            read_only={INSIDE: environment, _RUNNER: _RUNNER_FILE, _WHEEL: site},
            writable={_RESULTS: results},
            environment=variables,
            limits=replace(place.limits, duration=min(_DURATION, place.limits.duration)),
        ),
        output=report.write,
    )
    if done.limit_hit is LimitHit.TIME:
        message = "Importing the wheel's modules took longer than its limit."
        return Failure(kind=FailureKind.TIMEOUT, message=message)
    return list(_read(results / "results.json"))


def _read(file: Path) -> Iterator[dict[str, object]]:
    """Read what the runner told: plain lines, whatever the modules made of the file."""
    try:
        with open_plain_file(file, limit=_MAX_RESULT_BYTES) as stream:
            lines = stream.read().splitlines()
    except HostileContent:
        return
    for line in lines:
        try:
            result = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(result, dict):
            yield result


def unpack(contents: Contents, site: Path) -> None:
    """Write what a wheel installs into site-packages; its names have been checked before."""
    data = f"{contents.folders.data}/"
    site.mkdir()
    with contents.path.open("rb") as file:
        archive = open_archive(file, max_members=len(contents.files) * 2 + 1000)
        for index, member in enumerate(archive.members):
            place = installed_path(member.name)
            if member.is_folder or place.startswith(data):
                continue
            path = site / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as copy:
                for chunk in archive.chunks(index):
                    copy.write(chunk)


def _markers(target: Target) -> dict[str, str]:
    """Return what requirements may depend on (dependency specifiers), as it is on a target."""
    full = str(target.python_version)
    machine = target.architecture
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": f"{target.python[0]}.{target.python[1]}",
        "sys_platform": "linux",
    }
