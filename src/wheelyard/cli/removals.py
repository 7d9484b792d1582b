"""Removing a project, as `wheelyard project remove` does."""

from collections.abc import Iterator
from contextlib import contextmanager

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import plain, print_json, print_line
from wheelyard.client import http_client
from wheelyard.context import Context
from wheelyard.database import removal, skips
from wheelyard.database.engine import reading
from wheelyard.errors import Refused
from wheelyard.model.names import ProjectName
from wheelyard.model.project import Skip
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.purge import Purge
from wheelyard.publish.removal import remove_closed_project
from wheelyard.upstream.configured import default_index_url


def remove_and_tell(
    project: ProjectName, *, skip_reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Remove a project, or say what that would take away.

    Raises:
        UnknownProject: if it is not on record.
        Refused: if it would be followed again, because everything is and it is not skipped.
    """
    context = opened()
    with reading(context.engine) as connection:
        found = removal.holdings(connection, project)
        is_skipped = skip_reason is not None or any(
            not (skip.versions or skip.target) for skip in skips.skips_of(connection, project)
        )
    if context.settings.policy.follow == "everything" and not is_skipped:
        raise Refused(project, "Everything is followed, so it would come back: give --skip REASON")
    if not dry_run:
        _remove(context, project, skip_reason=skip_reason, found=found)
    if as_json:
        print_json({"project": project, "removed": not dry_run, **plain(found)})
        return
    what = (
        f"{found.wheels} wheels, {found.builds} builds, {found.logs} logs, {found.jobs} jobs and"
        f" {found.decisions} decisions"
    )
    print_line(f"{project}: {what} {'would go' if dry_run else 'are gone'}.")


def _remove(
    context: Context, project: ProjectName, *, skip_reason: str | None, found: removal.Holdings
) -> None:
    arguments = {"name": project, "skip": skip_reason}
    with audited(context, "project remove", arguments) as operation:
        removal.close_project(operation.connection, project, at=operation.at)
        if skip_reason is not None:
            unwanted = Skip(project=project, reason=skip_reason)
            skips.add_skip(operation.connection, unwanted, at=operation.at)
        operation.outcome = plain(found)
    with open_publisher(context) as publisher:
        remove_closed_project(
            context.engine, context.store, project, publisher=publisher, at=operation.at
        )


@contextmanager
def open_publisher(context: Context) -> Iterator[Publisher]:
    """Open a publisher of this command's own, which tells a cache as the services do."""
    settings = context.settings
    with http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client:
        url = settings.publish.purge_url
        yield Publisher(
            context.engine,
            store=context.store,
            clock=context.clock,
            settings=settings,
            purge=Purge(client, url, server_url=settings.server_url) if url else None,
            upstream=settings.upstream.url or default_index_url(),
        )
