"""A run of a mirror: copy what has changed since the last one, and go on where it was killed."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from wheelyard.clock import Clock
from wheelyard.errors import HostileContent, InvalidPage, Refused
from wheelyard.mirror.documents import CHANGES_PATH, ChangeMessage, ChangesPage, read_changes
from wheelyard.mirror.front import copy_front
from wheelyard.mirror.origin import Origin
from wheelyard.mirror.project import copy_project, forget_project
from wheelyard.mirror.state import MirrorState, load_state, locked, save_state
from wheelyard.model.names import parse_project_name
from wheelyard.storage.objects import FolderStore
from wheelyard.storage.store import Store

_CONNECTIONS = 4
_AT_ONCE = 100
_MOST_PAGES = 10_000
_MOST_GONE = 5
_COMPARE_EVERY = 24 * 3600.0


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did; `failures` are projects with the reason, tried again by the next run.

    `pending` counts the projects whose pages the server has still to write, or that failed.
    """

    projects: int = 0
    wheels: int = 0
    removed: int = 0
    forgotten: int = 0
    pending: int = 0
    requests: int = 0
    received: int = 0
    serial: int = 0
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a project; `is_done` says that its pages have the serial that was told."""

    is_done: bool
    wheels: int = 0
    removed: int = 0
    failure: str | None = None


def mirror(
    origin: Origin,
    folder: Path,
    *,
    clock: Clock,
    everything: bool = False,
    on_progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> Report:
    """Bring a folder up to what a server has.

    The folder becomes a store that a web server can serve. After each batch of projects it is
    written down how far it has come. With `everything` all projects are looked at again.

    Raises:
        ServerUnavailable: if the server does not answer as it should; what was copied stays.
        NotFound: if it has no feed of changes.
        InvalidPage: if the feed cannot be read.
        Refused: if most projects are gone there, unless `everything` is said.
        Unavailable: if another run is at work in the folder.
    """
    with locked(folder):
        state = load_state(folder, url=origin.url)
        if everything:
            state = state.model_copy(update={"cursor": 0, "compared_at": None})
        return _run(
            origin,
            folder,
            state,
            clock=clock,
            everything=everything,
            progress=on_progress,
        )


def _run(  # noqa: PLR0913 - what a run works with
    origin: Origin,
    folder: Path,
    state: MirrorState,
    *,
    clock: Clock,
    everything: bool,
    progress: Callable[[int, int], object],
) -> Report:
    report, store = Report(), FolderStore(folder)
    compares = state.is_due(clock.now(), every=_COMPARE_EVERY)
    feed = _feed(origin, 0 if compares else state.first())
    if feed[-1].serial < state.cursor:
        # The server's database was put back to an earlier state: what is newer here is wrong.
        state = state.model_copy(update={"cursor": 0, "pending": {}})
        compares, feed = True, _feed(origin, 0)
    indexes = feed[-1].indexes
    told = [change for page in feed for change in page.changes]
    todo = [each for each in told if each.serial > state.cursor or each.name in state.pending]
    for start in range(0, len(todo), _AT_ONCE):
        some = todo[start : start + _AT_ONCE]
        state = _copy_some(origin, store, state, some, indexes=indexes, report=report)
        save_state(folder, state)
        progress(min(start + _AT_ONCE, len(todo)), len(todo))
    if compares:
        names = {change.name for change in told}
        report.forgotten = _forget(origin, store, names, indexes=indexes, believes=everything)
        pending = {name: serial for name, serial in state.pending.items() if name in names}
        state = state.model_copy(update={"compared_at": clock.now(), "pending": pending})
    copy_front(origin, store, indexes=indexes)
    save_state(folder, state)
    report.pending, report.serial = len(state.pending), state.cursor
    report.requests, report.received = origin.requests, origin.received
    return report


def _feed(origin: Origin, after: int) -> list[ChangesPage]:
    """Read the feed from a serial to its end."""
    pages: list[ChangesPage] = []
    for _ in range(_MOST_PAGES):
        body = origin.require(f"{CHANGES_PATH}?after={after}", accept="application/json")
        pages.append(read_changes(body, after=after))
        if not pages[-1].more:
            return pages
        after = pages[-1].last
    raise InvalidPage(CHANGES_PATH, f"It has more than {_MOST_PAGES} pages")


def _copy_some(  # noqa: PLR0913 - what a batch works with
    origin: Origin,
    store: Store,
    state: MirrorState,
    changes: Sequence[ChangeMessage],
    *,
    indexes: Sequence[str],
    report: Report,
) -> MirrorState:
    """Copy a batch, and return how far it has come then."""
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        outcomes = list(
            pool.map(lambda change: _copy_one(origin, store, change, indexes=indexes), changes)
        )
    pending = dict(state.pending)
    for change, outcome in zip(changes, outcomes, strict=True):
        pending.pop(change.name, None)
        if not outcome.is_done:
            pending[change.name] = change.serial
        if outcome.failure is not None:
            report.failures[change.name] = outcome.failure
        report.projects += outcome.is_done
        report.wheels += outcome.wheels
        report.removed += outcome.removed
    cursor = max(state.cursor, changes[-1].serial)
    return state.model_copy(update={"cursor": cursor, "pending": pending})


def _copy_one(
    origin: Origin, store: Store, change: ChangeMessage, *, indexes: Sequence[str]
) -> _Outcome:
    if change.waits:
        return _Outcome(is_done=False)
    try:
        copied = copy_project(origin, store, parse_project_name(change.name), indexes=indexes)
    except (InvalidPage, HostileContent) as error:
        return _Outcome(is_done=False, failure=str(error))
    # A cache in between may still have pages of before.
    is_done = copied.serial is None or copied.serial >= change.serial
    return _Outcome(is_done=is_done, wheels=copied.wheels, removed=copied.removed)


def _forget(
    origin: Origin, store: Store, names: set[str], *, indexes: Sequence[str], believes: bool
) -> int:
    """Remove the projects that the server has no more; return how many there were.

    Raises:
        Refused: if most are gone, as when a server has lost its database, unless it `believes`.
    """
    here = {
        parts[1]
        for key in store.keys("project")
        if len(parts := key.split("/")) == 3  # noqa: PLR2004 - project/NAME/index.json
    }
    gone = sorted(here - names)
    if len(gone) > _MOST_GONE + len(here) / 2 and not believes:
        told = f"{len(gone)} of {len(here)} projects are gone there; --full removes them here"
        raise Refused(origin.url, told)
    for name in gone:
        forget_project(store, parse_project_name(name), indexes=indexes)
    return len(gone)
