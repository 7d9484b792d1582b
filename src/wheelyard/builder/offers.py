"""What a builder can serve: its targets, in which lane, and how fast each is, measured."""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from wheelyard.builder import host
from wheelyard.builder.cross.toolchain import toolchain_of
from wheelyard.builder.environments.choice import Environments
from wheelyard.builder.environments.root import SYSROOT, root_view, with_sysroot
from wheelyard.builder.environments.running import is_emulated, is_native, require_runnable
from wheelyard.builder.sandbox.sandbox import Command, Sandbox
from wheelyard.errors import EnvironmentUnusable, InvalidSetting, WheelyardError
from wheelyard.log import get_logger
from wheelyard.model.build import Limits
from wheelyard.model.environment import EnvironmentName, target_of_environment
from wheelyard.model.lane import Lane, Offer
from wheelyard.model.target import Target, target_from_name, targets_named

_log = get_logger("builder.offers")
_LIMITS = Limits(duration=timedelta(minutes=3))
_FUNCTIONS = 10
_SCRIPT = """\
i=0
printf '#include <Python.h>\\n' >/tmp/work.c
while [ $i -lt {functions} ]; do
printf 'long f%d(const long *a, int n, PyObject *o) {{ long s = Py_REFCNT(o); int i;\\n' $i
printf 'for (i = 0; i < n; i++) {{ if (a[i] & %d) s += a[i] * i; else s ^= a[i]; }}\\n' $i
printf 'return PyLong_Check(o) ? s : -s; }}\\n'
i=$((i + 1))
done >>/tmp/work.c
{compiler} -O2 -I/usr/include/python{python} -c /tmp/work.c -o /tmp/work.o && times
"""
"""Compiles a file that is like those of extension modules, then tells the processor's time."""

_TIMES = re.compile(r"(\d+)m([\d.]+)s (\d+)m([\d.]+)s")


def serveable(wanted: tuple[str, ...], environments: Environments) -> tuple[str, ...]:
    """Return the names of the targets that this machine serves: those asked for, or all it can.

    It can serve its own system, and every target whose environment is here and runs here. Of
    `raspberry-pi` it serves those that it has environments for.

    Raises:
        InvalidSetting: if one is asked for that this machine has no system for.
        EnvironmentUnusable: if the system of one does not run here, with what to do about it.
    """
    if wanted:
        found = []
        for target in targets_named(wanted):
            if target.name in wanted or environments.name_for(target) is not None:
                _require(target, environments)
                found.append(target.name)
        if not found:
            advice = "Make environments: wheelyard environment create bookworm-armhf"
            raise InvalidSetting(f"targets: {', '.join(wanted)}", advice)
        return tuple(found)
    found = [host.local_target().name]
    if environments.is_open:
        for environment in environments.store.names():
            with suppress(WheelyardError):
                require_runnable(environment)
                python = environments.store.current(environment).manifest.python
                served = target_of_environment(environment, python)
                if served is not None and environments.name_for(served) == environment:
                    found.append(served.name)
    return tuple(dict.fromkeys(found))


def _require(target: Target, environments: Environments) -> None:
    name = environments.name_for(target)
    if name is not None:
        require_runnable(name)
        return
    own = host.architecture()
    if environments.is_open and target.architecture != own:
        advice = "Make its environment (wheelyard environment create), or leave it out"
        raise InvalidSetting(f"targets: {target.name} on a machine of {own}", advice)


def offers(
    targets: Iterable[str], environments: Environments, sandbox: Sandbox, *, folder: Path
) -> tuple[Offer, ...]:
    """Return how this machine serves targets; speeds are measured once, and kept in `folder`.

    What cannot be measured is left out: the builder serves it, but nobody knows how fast.
    """
    speeds = _Speeds(folder / "speeds.json")
    found = []
    for text in targets:
        target = target_from_name(text)
        try:
            found.append(_offer(target, environments, sandbox, speeds))
        except (WheelyardError, ValueError) as error:
            _log.warning("speed-not-measured", target=text, error=str(error))
    return tuple(found)


def _offer(
    target: Target, environments: Environments, sandbox: Sandbox, speeds: "_Speeds"
) -> Offer:
    name, pair = environments.name_for(target), environments.pair_for(target)
    compiler = "cc"
    if pair is not None:
        tools, version = (environments.store.current(each) for each in (pair.native, pair.target))
        shown = sandbox.showing(with_sysroot(tools.root, version.root))
        key = f"{tools.manifest.digest} {version.manifest.digest}"
        compiler = f"{toolchain_of(pair).triplet}-gcc --sysroot={SYSROOT}"
    elif name is None:
        shown, key = sandbox, f"host {os.uname().machine} {target.interpreter}"
    else:
        version = environments.store.current(name)
        shown, key = sandbox.showing(root_view(version.root)), version.manifest.digest
    speed = speeds.get(key)
    if speed is None:
        speed = measure(shown, target, compiler=compiler)
        speeds.put(key, speed)
    lane = lane_of(name) if pair is None else Lane.CROSS
    return Offer(target=target.name, lane=lane, speed=speed)


def lane_of(name: EnvironmentName | None) -> Lane:
    """Return the lane in which builds in an environment run here; None is the machine's system."""
    if name is None or is_native(name.architecture):
        return Lane.NATIVE
    if is_emulated(name.architecture):
        return Lane.EMULATED
    raise EnvironmentUnusable(name, "Its programs do not run on this machine")


def measure(sandbox: Sandbox, target: Target, *, compiler: str = "cc") -> float:
    """Return how often a sandbox's compiler does a small task in a second of processor time.

    Time of the processor, not of the clock: other builds may be running.

    Raises:
        ValueError: if it cannot compile.
    """
    printed = bytearray()
    python = ".".join(map(str, target.python))
    script = _SCRIPT.format(functions=_FUNCTIONS, python=python, compiler=compiler)
    sandbox.run(
        Command(
            arguments=("/bin/sh", "-c", script),
            folder="/",
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            limits=_LIMITS,
        ),
        output=printed.extend,
    )
    return 1 / read_times(printed.decode(errors="replace"))


def read_times(printed: str) -> float:
    """Return the seconds of processor time that a shell's children took (`times`, POSIX).

    Raises:
        ValueError: if it does not tell them.
    """
    lines = [found for line in printed.splitlines() if (found := _TIMES.fullmatch(line.strip()))]
    if len(lines) != 2:  # noqa: PLR2004 - the shell itself, then its children
        raise ValueError(printed.strip()[-300:] or "it said nothing")
    minutes, seconds, more_minutes, more_seconds = map(float, lines[1].groups())
    total = 60 * (minutes + more_minutes) + seconds + more_seconds
    if not total > 0:
        raise ValueError("it took no time at all")
    return total


class _Speeds:
    """What was measured before, in a file; one that cannot be read is as if it were not there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, float] = {}
        with suppress(OSError, ValueError, AttributeError, TypeError):
            found = json.loads(file.read_text(encoding="utf-8"))
            self._known = {str(key): float(speed) for key, speed in found.items() if speed > 0}

    def get(self, key: str) -> float | None:
        return self._known.get(key)

    def put(self, key: str, speed: float) -> None:
        self._known[key] = speed
        beside = self._file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(self._known), encoding="utf-8")
        beside.replace(self._file)
