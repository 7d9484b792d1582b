"""`wheelyard upstream …`: how closely the index is followed."""

from pathlib import Path
from typing import Annotated

import typer

from wheelyard.cli.filling import Following, follow_and_tell
from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, DryRun, plain, print_json, print_line, print_table
from wheelyard.database.due import known_projects
from wheelyard.database.engine import reading
from wheelyard.database.following import mark_asked
from wheelyard.database.reading import due_projects
from wheelyard.database.sources import source_status
from wheelyard.errors import BadInput
from wheelyard.model.change import SourceStatus
from wheelyard.model.names import parse_project_name

upstream_commands = typer.Typer(help="How the index is followed.", no_args_is_help=True)


@upstream_commands.command()
def status(*, as_json: AsJson = False) -> None:
    """Show which change source is used, how far behind it is, and what is still to be read."""
    context = opened()
    with reading(context.engine) as connection:
        sources = source_status(connection)
        waiting = due_projects(connection, now=context.clock.now())
        known = known_projects(connection)
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
def follow(  # noqa: PLR0913 - the options of a command
    *,
    everything: Annotated[bool, typer.Option(help="Every project of the index.")] = False,
    names: Annotated[
        Path | None, typer.Option("--list", help="A file of names, one a line.")
    ] = None,
    ranked: Annotated[
        Path | None, typer.Option(help="A file of name,count lines; the count is the demand.")
    ] = None,
    read: Annotated[bool, typer.Option(help="Read them now; otherwise the services do it.")] = True,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Follow many projects at once, so that the policy says what is built of them.

    It can be stopped at any moment: what is still to be read the services read, or the next call.
    """
    file = names or ranked
    if sum((everything, names is not None, ranked is not None)) != 1:
        raise BadInput("what to follow", "Give one of --everything, --list and --ranked")
    which = Following(file=file, is_ranked=ranked is not None)
    follow_and_tell(which, read=read, dry_run=dry_run, as_json=as_json)


@upstream_commands.command()
def reconcile(
    name: Annotated[list[str], typer.Argument(help="Projects to be read.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have projects read again at once, whatever was heard of them."""
    projects = [parse_project_name(text) for text in name]
    with audited(opened(), "upstream reconcile", {"names": projects}) as operation:
        mark_asked(operation.connection, projects, at=operation.at)
    if as_json:
        print_json({"due": projects})
    else:
        print_line(f"{', '.join(projects)}: to be read now.")


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard upstream`."""
    app.add_typer(upstream_commands, name="upstream")
