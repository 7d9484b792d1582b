"""Following many projects, as `wheelyard upstream follow` does: marking, then reading them."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from wheelyard import service
from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import plain, print_json, print_line
from wheelyard.cli.signals import stop_on_signals
from wheelyard.client import http_client
from wheelyard.context import Context
from wheelyard.database.engine import reading
from wheelyard.database.reading import never_read, never_tried
from wheelyard.errors import BadInput
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.first_fill import (
    FillProgress,
    RankedProject,
    follow_everything,
    follow_ranking,
    read_ranking,
)
from wheelyard.upstream.index import Upstream, default_index_url
from wheelyard.upstream.reader import Reader
from wheelyard.upstream.serial_list import SerialList

_LOOK_EVERY = timedelta(seconds=1)
_SAY_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What is to be followed: the projects that a file names, or, without one, everything."""

    file: Path | None
    is_ranked: bool


def follow_and_tell(which: Following, *, read: bool, dry_run: bool, as_json: bool) -> None:
    """Follow projects and read those that never were, or say how many there would be.

    Raises:
        BadInput: if the file cannot be read.
        UpstreamUnavailable: if everything is to be followed, and the index does not answer.
    """
    context = opened()
    count = _count(context, which) if dry_run else _follow(context, which)
    progress = None
    if read and not dry_run:
        progress = _read(context, is_quiet=as_json)
    if as_json:
        told = None if progress is None else {"done": progress.done, "left": progress.left}
        print_json({"followed": not dry_run, "projects": count, "read": told})
        return
    print_line(f"{count} projects {'would be' if dry_run else 'are'} followed.")
    if progress is not None:
        print_line(_sentence(progress))


def _count(context: Context, which: Following) -> int:
    if which.file is not None:
        return sum(1 for _ in _ranking(which.file, is_ranked=which.is_ranked))
    with _listing(context) as listing:
        return sum(len(batch.projects) for batch in listing.changes(None))


def _follow(context: Context, which: Following) -> int:
    at = context.clock.now()
    if which.file is not None:
        # The whole file is looked at first, so that a bad line changes nothing.
        for _ in _ranking(which.file, is_ranked=which.is_ranked):
            pass
        ranking = _ranking(which.file, is_ranked=which.is_ranked)
        count = follow_ranking(context.engine, ranking, at=at)
    else:
        with _listing(context) as listing:
            count = follow_everything(context.engine, listing, at=at)
    file = None if which.file is None else str(which.file)
    with audited(context, "upstream follow", {"file": file}) as operation:
        operation.outcome = {"projects": count}
    return count


def _ranking(file: Path, *, is_ranked: bool) -> Iterator[RankedProject]:
    try:
        with file.open(encoding="utf-8") as lines:
            for project in read_ranking(lines):
                if is_ranked and project.demand is None:
                    raise BadInput(f"{file}: {project.name}", "A ranked file has name,count lines")
                yield project
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(file, str(error)) from None


@contextmanager
def _listing(context: Context) -> Iterator[SerialList]:
    settings = context.settings
    url = settings.upstream.url or default_index_url()
    with http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client:
        exchange = Exchange(client, url, clock=context.clock)
        yield SerialList(exchange, clock=context.clock, every=settings.upstream.list_every)


def _read(context: Context, *, is_quiet: bool) -> FillProgress:
    """Read what was never read, beside the services if they run, until that is done or stopped."""
    settings = context.settings
    asked = stop_on_signals()
    ended = threading.Event()
    url = settings.upstream.url or default_index_url()
    with http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client:
        upstream = Upstream(client, url, clock=context.clock)
        reader = Reader(context.engine, upstream, clock=context.clock, settings=settings)
        thread = threading.Thread(target=service.run, args=(reader, ended), name="reader")
        thread.start()
        try:
            with _shown(is_quiet=is_quiet) as show:
                return _watch(context, asked, show)
        finally:
            ended.set()
            thread.join()


def _watch(context: Context, asked: threading.Event, show: "_Show") -> FillProgress:
    started = time.monotonic()
    total, _ = _left(context)
    while True:
        left, untried = _left(context)
        progress = FillProgress(
            done=max(total - left, 0),
            left=left,
            elapsed=timedelta(seconds=time.monotonic() - started),
        )
        show.show(progress)
        # What could not be read the services try again, however long that takes.
        if untried == 0 or asked.wait(_LOOK_EVERY.total_seconds()):
            return progress


def _left(context: Context) -> tuple[int, int]:
    with reading(context.engine) as connection:
        return never_read(connection), never_tried(connection)


class _Show:
    """A bar on a terminal, a line now and then elsewhere, on standard error."""

    def __init__(self, bar: Progress | None, *, is_quiet: bool) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("reading", total=None, rate="")
        self._is_quiet = is_quiet
        self._said_at = time.monotonic()

    def show(self, progress: FillProgress) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                completed=progress.done,
                total=progress.done + progress.left,
                rate=_sentence(progress),
            )
            return
        if not self._is_quiet and time.monotonic() - self._said_at > _SAY_EVERY.total_seconds():
            self._said_at = time.monotonic()
            print(_sentence(progress), file=sys.stderr, flush=True)  # noqa: T201 - for a person


@contextmanager
def _shown(*, is_quiet: bool) -> Iterator[_Show]:
    if is_quiet or not sys.stderr.isatty():
        yield _Show(None, is_quiet=is_quiet)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Show(bar, is_quiet=False)


def _sentence(progress: FillProgress) -> str:
    time_left = progress.time_left
    rest = "" if time_left is None else f", {timedelta(seconds=round(plain(time_left)))} to go"
    return f"{progress.done} read, {progress.left} left, {progress.rate:.1f} a second{rest}"
