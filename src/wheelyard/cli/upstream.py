"""`wheelyard upstream …`: how closely the index is followed."""

from typing import Annotated

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, plain, print_json, print_line, print_table
from wheelyard.database import due
from wheelyard.database.engine import reading
from wheelyard.database.sources import source_status
from wheelyard.model.change import SourceStatus
from wheelyard.model.names import parse_project_name

upstream_commands = typer.Typer(help="How the index is followed.", no_args_is_help=True)


@upstream_commands.command()
def status(*, as_json: AsJson = False) -> None:
    """Show which change source is used, how far behind it is, and what is still to be read."""
    context = opened()
    with reading(context.engine) as connection:
        sources = source_status(connection)
        waiting = due.due_projects(connection, now=context.clock.now())
        known = due.known_projects(connection)
    now = context.clock.now()
    if as_json:
        print_json(
            {
                "sources": [{**plain(one), "lag": plain(one.lag(now))} for one in sources],
                "projects": known,
                "due": {level.name.lower(): count for level, count in waiting.items()},
            }
        )
        return
    print_table(
        "Change sources",
        ("source", "state", "behind", "serial", "last answer", "failures", "last error"),
        [
            (
                *(one.name, _state(one), one.lag(now), one.serial, one.succeeded_at),
                *(one.failures or "", one.error),
            )
            for one in sources
        ],
    )
    print_table(
        f"Projects to be read now, of {known} that are known",
        ("why", "projects"),
        [(level.name.lower().replace("_", " "), count) for level, count in waiting.items()],
    )


def _state(source: SourceStatus) -> str:
    if source.is_used:
        return "used"
    if source.is_missing:
        return "not there"
    if source.is_given_up:
        return "given up"
    return "never asked" if source.tried_at is None else "stands by"


@upstream_commands.command()
def reconcile(
    name: Annotated[list[str], typer.Argument(help="Projects to be read.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have projects read again at once, whatever was heard of them."""
    projects = [parse_project_name(text) for text in name]
    with audited(opened(), "upstream reconcile", {"names": projects}) as operation:
        due.mark_asked(operation.connection, projects, at=operation.at)
    if as_json:
        print_json({"due": projects})
    else:
        print_line(f"{', '.join(projects)}: to be read now.")


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard upstream`."""
    app.add_typer(upstream_commands, name="upstream")
