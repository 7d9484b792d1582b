"""The agent's end of the privileged helper: ask for a layer, and give it back."""

import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import wheelyard
from wheelyard import errors, process
from wheelyard.errors import EnvironmentUnusable, WheelyardError
from wheelyard.log import get_logger
from wheelyard.model.environment import DebianPackage, EnvironmentName
from wheelyard.process import Process

_log = get_logger("builder.environments")

_PROGRAM = "wheelyard.builder.privileged"
_CHECK_MILLISECONDS = 250
_GRACE = timedelta(seconds=60)
_MAX_LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A root with packages of one build, and the digest of the environment below it."""

    root: Path
    digest: str


@contextmanager
def made_layer(  # noqa: PLR0913 - what the helper is told, and what is told of it
    folder: Path,
    name: EnvironmentName,
    packages: Sequence[DebianPackage],
    *,
    words: Sequence[str] | None,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> Iterator[Layer]:
    """Yield a layer that the helper makes and keeps meanwhile.

    `words` start the helper (None: we are root and start it ourselves); `check` is called again
    and again, and ends the work by raising.

    Raises:
        WheelyardError: whatever the helper says is wrong.
    """
    # It outlives us by as long as it takes to clear up: the end of its input tells it to.
    helper = process.start(
        [*(words or (sys.executable, "-m", _PROGRAM)), str(folder), str(name), *packages],
        environment=_environment(),
        stdin=process.PIPE,
        stdout=process.PIPE,
        stderr=process.DEVNULL,
        die_with_parent=False,
    )
    try:
        yield _answer(helper, name, say=say, check=check)
    finally:
        _give_back(helper)


def _environment() -> dict[str, str]:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    if os.geteuid() == 0:
        # The helper is of the same installation, even if that is no installed one.
        environment["PYTHONPATH"] = str(Path(wheelyard.__file__).parents[1])
    return environment


def _answer(
    helper: Process,
    name: EnvironmentName,
    *,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> Layer:
    while True:
        match _message(helper, check=check):
            case {"root": str(root), "digest": str(digest)}:
                return Layer(root=Path(root), digest=digest)
            case {"doing": str(text)}:
                say(text)
            case {"error": str(kind), "subject": str(subject), "advice": str(advice)}:
                raise _error(kind)(subject, advice)
            case _:
                raise EnvironmentUnusable(name, "The privileged helper ended without a word")


def _message(helper: Process, *, check: Callable[[], None]) -> object:
    """Wait for one line of the helper's; None if there is none any more, or it is nonsense."""
    if helper.stdout is None:
        return None
    poll = select.poll()
    poll.register(helper.stdout, select.POLLIN)
    while not poll.poll(_CHECK_MILLISECONDS):
        check()
    try:
        return json.loads(helper.stdout.readline(_MAX_LINE_BYTES))
    except ValueError:
        return None


def _error(name: str) -> type[WheelyardError]:
    found = getattr(errors, name, None)
    if isinstance(found, type) and issubclass(found, WheelyardError):
        return found
    return EnvironmentUnusable


def _give_back(helper: Process) -> None:
    """Let the helper unmount and remove the layer, and wait until it has."""
    if helper.stdin is not None:
        helper.stdin.close()
    # Who calls the helper by sudo may not signal it: it ends when it sees its input's end.
    with suppress(PermissionError):
        helper.terminate()
    if helper.wait(_GRACE) is None:
        _log.warning("layer-left", helper=helper.pid)
    with suppress(PermissionError):
        helper.close()
