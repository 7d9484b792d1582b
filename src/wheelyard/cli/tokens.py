"""`wheelyard builder token`: let a builder in."""

from datetime import timedelta
from typing import Annotated

import typer

from wheelyard.cli.build import builder_commands
from wheelyard.context import open_context
from wheelyard.database import builders, migrate
from wheelyard.database.engine import writing
from wheelyard.errors import InvalidName
from wheelyard.model.names import parse_target_name
from wheelyard.settings import load
from wheelyard.web.auth import hash_token, new_token

_MAX_NAME = 60


def token(
    name: Annotated[str, typer.Argument(help="What the builder is called here.")],
    target: Annotated[
        list[str] | None, typer.Option(help="A target that it may build for; any if none is given.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long the token is valid.")] = None,
) -> None:
    """Issue a token, shown once; a builder of that name gets it in place of its old one."""
    if not name.isprintable() or not 0 < len(name) <= _MAX_NAME:
        raise InvalidName(repr(name), f"1 to {_MAX_NAME} printable characters are allowed")
    context = open_context(load())
    migrate.upgrade(context.engine)
    secret = new_token()
    now = context.clock.now()
    with writing(context.engine) as connection:
        builders.add_builder(
            connection,
            name=name,
            token_hash=hash_token(secret),
            targets=frozenset(parse_target_name(text) for text in target or ()),
            at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
    typer.echo(secret)


def add_to(_app: typer.Typer) -> None:
    """Add `wheelyard builder token` to the group that is there."""
    builder_commands.command()(token)
