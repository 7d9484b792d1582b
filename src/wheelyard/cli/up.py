"""`wheelyard up`: everything on one machine, for a chosen set of projects."""

import fcntl
import json
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from wheelyard import log
from wheelyard.builder.host import local_target
from wheelyard.cli.children import Child, start_children, stop_children
from wheelyard.cli.outcomes import Known, Outcome, outcomes
from wheelyard.cli.progress import Progress, open_progress, outcome_table
from wheelyard.cli.signals import stop_on_signals
from wheelyard.cli.wanted import DEFAULTS, parse_want
from wheelyard.context import Context, open_context
from wheelyard.database import builders, migrate, pages, plans, projects, targets
from wheelyard.database.engine import reading, writing
from wheelyard.errors import DatabaseUnavailable, InvalidSetting
from wheelyard.model.build import Verdict
from wheelyard.model.project import Want
from wheelyard.model.target import Target, targets_named
from wheelyard.publish.selection import PLAIN, overlay_of
from wheelyard.settings import Settings, load
from wheelyard.upstream.index import default_index_url
from wheelyard.web.tokens import hash_token, new_token

_LOCAL_BUILDER = "local"
_LOOK_EVERY_SECONDS = 0.25
_LOOK_SHARE = 20
"""Looking takes at most this fraction of the time: the processors are for builds."""

_NOT_SATISFIED = 1
_STOPPED_EARLY = 130
_PLAIN_WIDTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Everything that was chosen when `wheelyard up` started."""

    context: Context
    wanted: tuple[Want, ...]
    chosen: tuple[Target, ...]
    once: bool
    started_at: datetime
    stop: threading.Event


def up(  # noqa: PLR0913 - the options of a command
    project: Annotated[
        list[str] | None,
        typer.Argument(help="Wanted projects, NAME or NAME==VERSION.", show_default=False),
    ] = None,
    *,
    data: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    port: Annotated[int | None, typer.Option(help="The port of the index.")] = None,
    upstream: Annotated[str | None, typer.Option(help="The simple index to follow.")] = None,
    once: Annotated[bool, typer.Option(help="End when nothing is left to do.")] = False,
    force: Annotated[bool, typer.Option(help="Build what upstream covers, too.")] = False,
) -> None:
    """Build the wanted projects on this machine and serve their wheels, until told to stop."""
    log.configure()
    given = {"data": data, "port": port, "upstream": {"url": upstream} if upstream else None}
    settings = load(**{key: value for key, value in given.items() if value is not None})
    wanted = tuple(parse_want(text, force=force) for text in project or DEFAULTS)
    with _only_one(settings.data):
        _require_free_port(settings)
        context = open_context(settings)
        migrate.upgrade(context.engine)
        run = _Run(
            context=context,
            wanted=wanted,
            chosen=_choose_targets(settings),
            once=once,
            started_at=context.clock.now(),
            stop=stop_on_signals(),
        )
        status = _serve(run, token=_prepare(run))
    raise typer.Exit(status)


def _serve(run: _Run, *, token: str) -> int:
    """Run the programs, show progress, and return the exit status."""
    settings = run.context.settings
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    children = start_children(
        {
            "WHEELYARD_DATA": str(settings.data.absolute()),
            "WHEELYARD_PORT": str(settings.port),
            "WHEELYARD_UPSTREAM__URL": settings.upstream.url or default_index_url(),
            "WHEELYARD_TARGETS": json.dumps([target.name for target in run.chosen]),
            "WHEELYARD_BUILDER__SERVER": settings.builder.server or settings.server_url,
        },
        token=token,
        logs=settings.data.absolute() / "programs",
    )
    progress = open_progress(console)
    try:
        last = _watch(run, children=children, progress=progress)
    finally:
        progress.close()
        stop_children(children)
    if not run.once:
        return 0
    console.print(outcome_table(last))
    if not last or not all(outcome.is_final for outcome in last):
        return _STOPPED_EARLY
    return 0 if all(outcome.is_satisfied for outcome in last) else _NOT_SATISFIED


def _watch(run: _Run, *, children: Sequence[Child], progress: Progress) -> list[Outcome]:
    """Show how the wanted projects fare until stopped or, with `once`, until all is done."""
    last: list[Outcome] = []
    announced: list[Outcome] = []
    while not run.stop.is_set():
        for child in children:
            child.keep_running()
        begun = time.monotonic()
        try:
            last, written = _look(run)
        except DatabaseUnavailable as error:
            progress.say(str(error))
            run.stop.wait(_LOOK_EVERY_SECONDS)
            continue
        progress.show(last, now=run.context.clock.now())
        looked = time.monotonic() - begun
        if written and last != announced and all(outcome.is_final for outcome in last):
            announced = last
            for line in install_lines(last, run.context.settings.server_url):
                progress.say(line)
            if run.once:
                break
        run.stop.wait(max(_LOOK_EVERY_SECONDS, _LOOK_SHARE * looked))
    return last


def _look(run: _Run) -> tuple[list[Outcome], bool]:
    """Return where everything stands, and whether all pages are written."""
    now = run.context.clock.now()
    with reading(run.context.engine) as connection:
        found = [
            outcome
            for want in run.wanted
            for outcome in outcomes(
                Known(
                    want=want,
                    overview=projects.project_overview(connection, want.project),
                    page=projects.stored_page(connection, want.project),
                    planned=not plans.is_to_plan(connection, want.project),
                ),
                targets=run.chosen,
                started_at=run.started_at,
                now=now,
            )
        ]
        return found, not pages.pages_to_write(connection, limit=1)


def install_lines(found: Sequence[Outcome], server_url: str) -> list[str]:
    """Return the lines that install what was built from our index."""
    built = sorted({item.label for item in found if item.state == Verdict.BUILT.value})
    index = f"{server_url}{overlay_of(PLAIN)}/"
    if not built:
        return [f"Nothing was built; the index is at {index}"]
    words = " ".join(shlex.quote(label) for label in built)
    return [
        "Ready to install:",
        f"  pip install --index-url {index} {words}",
        f"  uv pip install --default-index {index} {words}",
    ]


def _prepare(run: _Run) -> str:
    """Record targets, wants and the local builder; return the builder's new token."""
    token = new_token()
    with writing(run.context.engine) as connection:
        targets.save_targets(connection, run.chosen)
        for want in run.wanted:
            projects.want(connection, want, at=run.started_at)
        builders.add_builder(
            connection,
            name=_LOCAL_BUILDER,
            token_hash=hash_token(token),
            targets=frozenset(),
            at=run.started_at,
        )
    return token


def _choose_targets(settings: Settings) -> tuple[Target, ...]:
    if settings.targets:
        return targets_named(settings.targets)
    return (local_target(),)


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder's lock, so that two `wheelyard up` never share it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidSetting(
                data, "Another `wheelyard up` uses this folder; stop it or choose another DATA"
            ) from None
        yield


def _require_free_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise InvalidSetting(
                f"{settings.host}:{settings.port}: {error.strerror}", "Choose another PORT"
            ) from None


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard up`."""
    app.command()(up)
