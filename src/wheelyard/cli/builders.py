"""`wheelyard builder list, token, drain, resume, remove`: who may build here."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from wheelyard.cli.build import builder_commands
from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, DryRun, plain, print_json, print_line, print_table
from wheelyard.cli.removals import open_publisher
from wheelyard.context import Context
from wheelyard.database import builders, removal
from wheelyard.database.engine import Connection, reading
from wheelyard.database.leases import end_leases_of
from wheelyard.database.offers import offers_of
from wheelyard.errors import InvalidName, NotFound
from wheelyard.model.builder import Builder
from wheelyard.model.lane import Offer
from wheelyard.model.names import parse_target_name
from wheelyard.publish.removal import write_now
from wheelyard.web.tokens import hash_token, new_token

_MAX_NAME = 60
_UNSEEN = timedelta(minutes=2)
_Name = Annotated[str, typer.Argument(help="What the builder is called here.")]


def list_builders(*, as_json: AsJson = False) -> None:
    """List the builders: how they are, what they may build, when they were seen last."""
    context = opened()
    with reading(context.engine) as connection:
        leases = builders.leases_of_builders(connection)
        found = [
            (builder, builders.builder_capabilities(connection, builder.id))
            for builder in builders.all_builders(connection)
        ]
        offered = offers_of(connection)
    now = context.clock.now()
    if as_json:
        print_json(
            {
                "builders": [
                    {
                        **plain(builder),
                        "state": _state(builder, now),
                        "jobs": leases.get(builder.id, 0),
                        "offers": [plain(offer) for offer in offered.get(builder.id, ())],
                        "capabilities": told,
                    }
                    for builder, told in found
                ]
            }
        )
        return
    print_table(
        "Builders",
        ("builder", "state", "jobs", "targets", "offers", "last seen", "token expires"),
        [
            (
                *(builder.name, _state(builder, now), leases.get(builder.id, 0)),
                " ".join(sorted(builder.targets)) or "any",
                ", ".join(_offer(offer) for offer in offered.get(builder.id, ())),
                builder.last_seen_at,
                builder.expires_at,
            )
            for builder, _ in found
        ],
    )


def _offer(offer: Offer) -> str:
    return f"{offer.target} {offer.lane} ({offer.speed:.2g})"


def _state(builder: Builder, now: datetime) -> str:
    if builder.revoked_at is not None:
        return "revoked"
    if builder.expires_at is not None and builder.expires_at <= now:
        return "expired"
    if builder.is_draining:
        return "draining"
    if builder.last_seen_at is None:
        return "never seen"
    return "away" if now - builder.last_seen_at > _UNSEEN else "here"


def token(
    name: _Name,
    target: Annotated[
        list[str] | None, typer.Option(help="A target that it may build for; any if none is given.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long the token is valid.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Issue a token, shown once; a builder of that name gets it in place of its old one."""
    if not name.isprintable() or not 0 < len(name) <= _MAX_NAME:
        raise InvalidName(repr(name), f"1 to {_MAX_NAME} printable characters are allowed")
    targets = frozenset(parse_target_name(text) for text in target or ())
    secret = new_token()
    arguments = {"name": name, "targets": targets, "days": days}
    with audited(opened(), "builder token", arguments) as operation:
        builders.add_builder(
            operation.connection,
            name=name,
            token_hash=hash_token(secret),
            targets=targets,
            at=operation.at,
            expires_at=None if days is None else operation.at + timedelta(days=days),
        )
    if as_json:
        print_json({"builder": name, "token": secret})
    else:
        typer.echo(secret)


def drain(name: _Name, *, as_json: AsJson = False) -> None:
    """Give a builder no more jobs; those that it has it may finish."""
    _drain(name, is_draining=True, as_json=as_json)


def resume(name: _Name, *, as_json: AsJson = False) -> None:
    """Give a builder that was drained jobs again."""
    _drain(name, is_draining=False, as_json=as_json)


def _drain(name: str, *, is_draining: bool, as_json: bool) -> None:
    command = "builder drain" if is_draining else "builder resume"
    with audited(opened(), command, {"name": name}) as operation:
        builder = _known(operation.connection, name)
        builders.drain_builder(operation.connection, name, is_draining=is_draining)
        jobs = builders.leases_of_builders(operation.connection).get(builder.id, 0)
        operation.outcome = {"jobs": jobs}
    if as_json:
        print_json({"builder": name, "draining": is_draining, "jobs": jobs})
        return
    print_line(f"{name} {'gets no more jobs' if is_draining else 'gets jobs'}; it has {jobs}.")


def remove(
    name: _Name,
    *,
    withdraw_wheels: Annotated[
        bool, typer.Option(help="Withdraw every wheel that it made, and build them again.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a builder's token and jobs away; what it has built is kept, unless told otherwise."""
    context = opened()
    with reading(context.engine) as connection:
        builder = _known(connection, name)
        jobs = builders.leases_of_builders(connection).get(builder.id, 0)
        concerned = removal.projects_of_builder(connection, builder.id) if withdraw_wheels else []
        wheels = removal.count_wheels(connection, builder.id) if withdraw_wheels else 0
    if not dry_run:
        wheels = _remove(context, builder, withdraw_wheels=withdraw_wheels)
        with open_publisher(context) as publisher:
            write_now(context.engine, concerned, publisher=publisher)
    if as_json:
        print_json({"builder": name, "removed": not dry_run, "jobs": jobs, "withdrawn": wheels})
        return
    what = f"{jobs} jobs {'would be' if dry_run else 'are'} put back"
    print_line(f"{name}: {what}, {wheels} wheels of {len(concerned)} projects withdrawn.")


def _remove(context: Context, builder: Builder, *, withdraw_wheels: bool) -> int:
    arguments = {"name": builder.name, "withdraw_wheels": withdraw_wheels}
    wheels = 0
    with audited(context, "builder remove", arguments) as operation:
        connection, at = operation.connection, operation.at
        end_leases_of(connection, builder_id=builder.id, at=at)
        builders.revoke_builder(connection, builder.name, at=at)
        if withdraw_wheels:
            wheels = removal.recall_wheels(connection, builder.id, at=at)
        is_forgotten = builders.forget_builder(connection, builder.id)
        operation.outcome = {"wheels": wheels, "kept_on_record": not is_forgotten}
    return wheels


def _known(connection: Connection, name: str) -> Builder:
    builder = builders.builder_named(connection, name)
    if builder is None:
        raise NotFound(f"the builder {name}", "`wheelyard builder list` shows those that there are")
    return builder


def add_to(_app: typer.Typer) -> None:
    """Add `wheelyard builder list` and the others to the group that is there."""
    builder_commands.command("list")(list_builders)
    for command in (token, drain, resume, remove):
        builder_commands.command()(command)
