"""`wheelyard downloads …`: counting logs by hand, and counts that come from or go elsewhere."""

import re
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.cli.signals import stop_on_signals
from wheelyard.context import Context
from wheelyard.database import log_positions
from wheelyard.database.engine import reading
from wheelyard.downloads.exchange import FileFormat, export, import_counts
from wheelyard.downloads.hosts import Hosts
from wheelyard.downloads.ingest import Counted, count_source, saving_of
from wheelyard.downloads.sources import LogFolder, LogSource, named_source
from wheelyard.downloads.spool import spool
from wheelyard.errors import BadInput
from wheelyard.settings import Settings, load

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_PAUSE_SECONDS = 5.0

download_commands = typer.Typer(help="Counting downloads.", no_args_is_help=True)


@download_commands.command()
def count(
    logs: Annotated[
        list[Path] | None, typer.Argument(help="Log files, and folders of log files.")
    ] = None,
    *,
    stdin: Annotated[bool, typer.Option(help="Count what comes through standard input.")] = False,
    name: Annotated[
        str, typer.Option(help="What standard input is called, to go on after a kill.")
    ] = "stdin",
    as_json: AsJson = False,
) -> None:
    """Count what logs have that was not counted yet; rotated files beside a log belong to it."""
    if bool(logs) is stdin:
        raise BadInput("downloads count", "Name log files, or say --stdin")
    context, settings = opened(), load()
    if stdin:
        counted = _count_stdin(context, settings, name)
    else:
        counted = [
            _count(context, settings, named_source(path.absolute(), clock=context.clock))
            for path in logs or ()
        ]
    lines, rejected = (sum(numbers) for numbers in zip(*counted, strict=True))
    if as_json:
        print_json({"lines": lines, "rejected": rejected})
    else:
        told = f"; {rejected:,} of them could not be read" if rejected else ""
        print_line(f"{lines:,} lines were new{told}.")


def _count(context: Context, settings: Settings, source: LogSource) -> Counted:
    wants_hosts = settings.downloads.count_hosts
    try:
        return count_source(
            context.engine,
            source,
            clock=context.clock,
            saving=saving_of(settings),
            hosts=Hosts(context.engine, clock=context.clock).digest if wants_hosts else None,
        )
    except OSError as error:
        raise BadInput(source.name, str(error)) from None


def _count_stdin(context: Context, settings: Settings, name: str) -> list[Counted]:
    """Keep what comes in files, and count these meanwhile, until the input ends."""
    if not _NAME.fullmatch(name):
        raise BadInput(name, "A name has letters, digits, dots, dashes and underscores")
    folder = settings.data / "spool" / name
    source = LogFolder(f"stdin:{name}", folder, clock=context.clock, removes=True)
    stop = stop_on_signals()
    ended = threading.Event()
    troubles: list[OSError] = []

    def receive() -> None:
        try:
            spool(sys.stdin.buffer, folder, clock=context.clock)
        except OSError as error:
            troubles.append(error)
        finally:
            ended.set()

    threading.Thread(target=receive, name="stdin", daemon=True).start()
    counted = []
    while not ended.wait(_PAUSE_SECONDS) and not stop.is_set():
        counted.append(_count(context, settings, source))
    counted.append(_count(context, settings, source))
    if troubles:
        raise BadInput(source.name, f"Not all of it could be kept: {troubles[0]}")
    return counted


@download_commands.command()
def status(*, as_json: AsJson = False) -> None:
    """Show how far each log was counted, and what lines of it could not be read."""
    context = opened()
    with reading(context.engine) as connection:
        sources = log_positions.source_states(connection)
        rejects = log_positions.recent_rejects(connection)
    if as_json:
        print_json({"sources": sources, "rejected": rejects})
        return
    print_table(
        "Logs",
        ("source", "files", "bytes", "last counted"),
        [(one.source, one.files, f"{one.position:,}", one.updated_at) for one in sources],
    )
    print_table(
        "Lines that could not be read",
        ("source", "day", "lines", "for example"),
        [(one.source, one.day, one.lines, next(iter(one.samples), "")) for one in rejects],
    )


@download_commands.command(name="export")
def export_counts(
    folder: Annotated[Path, typer.Argument(help="A folder for the files.")],
    *,
    form: Annotated[FileFormat, typer.Option("--format", help="How.")] = FileFormat.CSV,
    as_json: AsJson = False,
) -> None:
    """Write everything that was counted, a file for each kind of counts."""
    context = opened()
    rows = export(context.engine, folder, form=form)
    if as_json:
        print_json(rows)
        return
    for name, number in rows.items():
        print_line(f"{folder / f'{name}.{form}'}: {number:,} rows")


@download_commands.command(name="import")
def import_history(
    path: Annotated[
        Path,
        typer.Argument(
            help="A CSV of package and date or count, or both; or another wheelyard's export."
        ),
    ],
    *,
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Of which day the counts of a CSV without dates are."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add what another service has counted; the same content is added once."""
    if not path.exists():
        raise BadInput(str(path), "There is no such file or folder")
    context = opened()
    if day is not None and path.is_dir():
        raise BadInput(str(path), "An export has its own days; leave --day out")
    rows = import_counts(
        context.engine,
        path,
        at=context.clock.now(),
        day=None if day is None else day.date(),
    )
    if rows is not None:
        with audited(context, "downloads import", {"path": str(path)}) as operation:
            operation.outcome["rows"] = rows
    if as_json:
        print_json({"rows": rows or 0, "was_imported_before": rows is None})
    elif rows is None:
        print_line("It was imported before: nothing was added.")
    else:
        print_line(f"{rows:,} rows were added.")


def add_to(app: typer.Typer) -> None:
    """Add the commands about downloads."""
    app.add_typer(download_commands, name="downloads")
