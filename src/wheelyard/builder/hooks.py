"""The hooks of a build back end (PEP 517), each run once in the sandbox."""

import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import IO

from wheelyard.builder.requirements import INSIDE, BuildSystem
from wheelyard.builder.sandbox.folders import BuildUser, hand_over
from wheelyard.builder.sandbox.sandbox import Command, LimitHit, Sandbox
from wheelyard.diagnosis.diagnosis import failure_of
from wheelyard.errors import HostileContent
from wheelyard.model.build import Failure, FailureKind, Limits

SOURCE = "/build/source"
OUTPUT = "/build/output"
_RESULTS = "/build/results"
_RESULT = "result.json"
_RUNNER = "/build/hook_runner.py"
_MAX_RESULT_BYTES = 1024**2
_MAX_REQUIREMENTS = 200
_RUNNER_FILE = Path(__file__).with_name("hook_runner.py")

_MESSAGES = {
    LimitHit.TIME: (FailureKind.TIMEOUT, "The build took longer than its limit."),
    LimitHit.MEMORY: (FailureKind.OUT_OF_MEMORY, "The build used more memory than its limit."),
    LimitHit.PROCESSES: (FailureKind.PROCESS_LIMIT, "The build started too many processes."),
    LimitHit.DISK: (FailureKind.DISK_FULL, "The build wrote more than its limit."),
    LimitHit.LOG: (FailureKind.OUTPUT_LIMIT, "The build printed more than its limit."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where one build's hooks run: its folders outside, and what they run with.

    `source` and `output` are the build user's, and shown inside, writable; `control` is ours, and
    new; `environment` holds the variables, `read_only` maps further folders by their paths inside,
    and `config_settings` are the back end's (PEP 517).
    """

    sandbox: Sandbox
    user: BuildUser | None
    source: Path
    output: Path
    control: Path
    environment: dict[str, str]
    limits: Limits
    read_only: dict[str, Path] = field(default_factory=dict)
    config_settings: dict[str, list[str]] | None = None


def requirements_of(
    workplace: Workplace,
    system: BuildSystem,
    build_environment: Path,
    *,
    write: Callable[[bytes], None],
) -> tuple[str, ...] | Failure:
    """Ask the back end what else it needs to build a wheel (`get_requires_for_build_wheel`)."""
    value = _run(
        workplace,
        system,
        build_environment,
        hook="get_requires_for_build_wheel",
        arguments=[workplace.config_settings],
        write=write,
    )
    if isinstance(value, Failure):
        return value
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MAX_REQUIREMENTS:
        return _invalid("get_requires_for_build_wheel returned no list of requirements")
    if not all(isinstance(item, str) for item in value):
        return _invalid("get_requires_for_build_wheel returned no list of requirements")
    return tuple(value)


def build_wheel(
    workplace: Workplace,
    system: BuildSystem,
    build_environment: Path,
    *,
    write: Callable[[bytes], None],
) -> str | Failure:
    """Have the back end build the wheel; return the filename that it says it has written."""
    value = _run(
        workplace,
        system,
        build_environment,
        hook="build_wheel",
        arguments=[OUTPUT, workplace.config_settings, None],
        write=write,
    )
    if isinstance(value, Failure):
        return value
    if not isinstance(value, str):
        return _invalid("build_wheel returned no filename")
    return value


def _run(  # noqa: PLR0913 - all that one hook needs
    workplace: Workplace,
    system: BuildSystem,
    build_environment: Path,
    *,
    hook: str,
    arguments: Sequence[object],
    write: Callable[[bytes], None],
) -> object:
    """Run one hook and return what it returned, None if the back end does not have it.

    Each hook's result has a folder of its own: what an earlier hook has left is never read again.
    """
    results = workplace.control / hook
    request = {
        "backend": system.backend,
        "backend_path": system.backend_path,
        "hook": hook,
        "arguments": arguments,
    }
    results.mkdir()
    hand_over(results, workplace.user)
    printed = bytearray()

    def keep(data: bytes) -> None:
        printed.extend(data)
        write(data)

    done = workplace.sandbox.run(
        Command(
            arguments=(
                f"{INSIDE}/bin/python3",
                _RUNNER,
                json.dumps(request),
                f"{_RESULTS}/{_RESULT}",
            ),
            folder=SOURCE,
            read_only={
                **workplace.read_only,
                INSIDE: build_environment,
                _RUNNER: _RUNNER_FILE,
            },
            writable={SOURCE: workplace.source, OUTPUT: workplace.output, _RESULTS: results},
            environment=workplace.environment,
            limits=workplace.limits,
        ),
        output=keep,
    )
    if done.limit_hit is not None:
        kind, message = _MESSAGES[done.limit_hit]
        return Failure(kind=kind, message=message)
    if done.exit_status != 0:
        return failure_of(printed.decode(errors="replace"), exit_status=done.exit_status)
    return _read_result(results / _RESULT)


def _read_result(file: Path) -> object:
    """Read what a hook returned: a plain small file, whatever the project made of it."""
    try:
        with open_plain_file(file, limit=_MAX_RESULT_BYTES) as stream:
            result = json.loads(stream.read())
    except HostileContent:
        return _invalid("the build ended without a word about its result")
    except (ValueError, RecursionError):
        return _invalid("the result of the hook is no JSON")
    return result.get("value") if isinstance(result, dict) else None


@contextmanager
def open_plain_file(file: Path, *, limit: int) -> Iterator[IO[bytes]]:
    """Open a file that a build made, for reading.

    Raises:
        HostileContent: if it is not there, is a link or a device, or is larger than `limit` bytes.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise HostileContent(file.name, error.strerror or "") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
        os.close(descriptor)
        raise HostileContent(file.name, "It is no plain file within the limit")
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def with_time_left(workplace: Workplace, used: timedelta) -> Workplace:
    """Return the workplace with only the time that is left of a build's limit."""
    duration = max(workplace.limits.duration - used, timedelta(seconds=1))
    return replace(workplace, limits=replace(workplace.limits, duration=duration))


def _invalid(message: str) -> Failure:
    return Failure(kind=FailureKind.OUTPUT_INVALID, message=f"{message[:1].upper()}{message[1:]}.")
