"""Asking for rebuilds, as `wheelyard project rebuild` and `wheelyard release rebuild` do."""

from typing import Annotated

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import print_json, print_line, print_table
from wheelyard.database.engine import reading
from wheelyard.errors import NotFound
from wheelyard.model.names import parse_target_name
from wheelyard.model.project import Want
from wheelyard.queue.rebuilding import ask_for_rebuilds, rebuilds

Targets = Annotated[
    list[str] | None, typer.Option(help="Only this target, whatever became of it there.")
]
"""The option that names the targets of a rebuild."""


def rebuild_and_tell(
    command: str, which: Want, *, target: list[str] | None, dry_run: bool, as_json: bool
) -> None:
    """Ask for rebuilds of a project or of one of its releases, or say which there would be.

    Raises:
        UnknownProject: if the project was never read.
        NotFound: if there is nothing to build again.
    """
    context = opened()
    targets = frozenset(parse_target_name(text) for text in target or ())
    with reading(context.engine) as connection:
        found = rebuilds(connection, which, targets=targets)
    if not found:
        raise NotFound(which.project, "Nothing of that was built or failed, or it waits already")
    if not dry_run:
        arguments = {"name": which.project, "version": which.version, "targets": targets}
        with audited(context, command, arguments) as operation:
            found = rebuilds(operation.connection, which, targets=targets)
            ask_for_rebuilds(operation.connection, which.project, found, at=operation.at)
            operation.outcome = {"rebuilds": len(found)}
    if as_json:
        print_json({"project": which.project, "asked": not dry_run, "rebuilds": found})
        return
    title = "Would be built again" if dry_run else "To be built again"
    print_table(title, ("version", "target"), [(one.version, one.target) for one in found])
    print_line(f"{len(found)} builds of {which.project}")
