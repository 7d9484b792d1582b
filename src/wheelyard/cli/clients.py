"""`wheelyard client-config`: what to write into an installer's configuration, printed."""

from enum import StrEnum
from typing import Annotated

import typer

from wheelyard.errors import BadInput
from wheelyard.model.target import GLIBC_OF_CHANNEL
from wheelyard.publish.client_lines import client_lines
from wheelyard.publish.selection import PLAIN, overlay_of
from wheelyard.settings import load


class _Tool(StrEnum):
    PDM = "pdm"
    PIP = "pip"
    PIPENV = "pipenv"
    POETRY = "poetry"
    UV = "uv"


def client_config(
    tool: Annotated[_Tool, typer.Argument(help="Which installer.")],
    *,
    channel: Annotated[
        str | None,
        typer.Option(help="The distribution release (bookworm); by default as the installer says."),
    ] = None,
    server: Annotated[
        str | None, typer.Option(help="The server's URL; by default that of the settings.")
    ] = None,
) -> None:
    """Print the lines that make this server's overlay an installer's only index."""
    address = (server or load().server_url).rstrip("/")
    if channel is not None and channel not in GLIBC_OF_CHANNEL:
        known = ", ".join(GLIBC_OF_CHANNEL)
        raise BadInput(repr(channel), f"Known distribution releases: {known}")
    found = client_lines(tool.value, f"{address}/{overlay_of(channel or PLAIN)}/")
    typer.echo(f"# {found.file}\n{found.lines}", nl=False)
    if found.command is not None:
        typer.echo(f"# or: {found.command}")


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard client-config`."""
    app.command("client-config")(client_config)
