"""What commands print: tables for people, or one JSON document for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheelyard.cli.progress import printable

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
"""The option of every command that prints something."""

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
"""The option of every command that changes much."""

_PIPE_WIDTH = 10_000


def print_json(value: object) -> None:
    """Print a value of the model, or a structure of such, as one JSON document."""
    typer.echo(json.dumps(plain(value), indent=2))


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of the model, to any JSON
    """Return what JSON can hold of a value: moments in ISO 8601, durations in seconds.

    A level is given by its name, for its number may change.
    """
    result: Any
    match value:
        case IntEnum():
            result = value.name.lower()
        case None | bool() | int() | float() | str():
            result = value
        case date():
            result = value.isoformat()
        case timedelta():
            result = value.total_seconds()
        case Mapping():
            result = {str(key): plain(item) for key, item in value.items()}
        case AbstractSet():
            result = sorted(plain(item) for item in value)
        case Sequence():
            result = [plain(item) for item in value]
        case _ if is_dataclass(value):
            result = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            result = str(value)
    return result


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table under its title; without rows, that there is nothing.

    On a terminal long cells are wrapped; in a pipe a row is one line, however long, without rules.
    """
    console = _console()
    table = Table(*headings, box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(printable(_shown(cell))) for cell in row))
    console.print(Text(title, style="bold"))
    if not table.row_count:
        console.print(Text("  none", style="dim"))
    elif console.is_terminal:
        console.print(table)
    else:
        with console.capture() as captured:
            console.print(table)
        for line in captured.get().splitlines():
            typer.echo(line.rstrip())
    typer.echo()


def print_line(text: str) -> None:
    """Print a sentence for people."""
    _console().print(Text(printable(text)), soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def _shown(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case timedelta():
            return str(timedelta(seconds=round(cell.total_seconds())))
        case _:
            return str(cell)
