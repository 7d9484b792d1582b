"""`wheelyard webserver-config`: a web server's configuration, printed."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from wheelyard.cli.operation import opened
from wheelyard.context import store_url
from wheelyard.database.engine import reading
from wheelyard.errors import BadInput
from wheelyard.publish.front import active_channels
from wheelyard.settings import Settings
from wheelyard.upstream.index import default_index_url
from wheelyard.web.caddy import caddy_configuration
from wheelyard.web.front import FrontServer
from wheelyard.web.nginx import nginx_configuration

_CONFIGURATIONS = {"nginx": nginx_configuration, "caddy": caddy_configuration}


class _Program(StrEnum):
    NGINX = "nginx"
    CADDY = "caddy"


def webserver_config(
    program: Annotated[_Program, typer.Argument(help="Which web server.")],
    *,
    listen: Annotated[
        str | None, typer.Option(help="Address and port to listen on; by default port 80.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Where it writes its log.")] = None,
    bucket: Annotated[
        str | None,
        typer.Option(help="The URL where anybody may read the objects of a store in a bucket."),
    ] = None,
) -> None:
    """Print a complete configuration of a web server in front of this server, from its settings."""
    context = opened()
    settings = context.settings
    with reading(context.engine) as connection:
        channels = active_channels(connection)
    public = urlsplit(settings.server_url)
    if public.path.strip("/"):
        raise BadInput(settings.server_url, "A web server in front serves the root of a host only")
    name = public.hostname or "_"
    usual = {"nginx": "80", "caddy": name}
    front = FrontServer(
        server_name=name,
        listen=listen or usual[program],
        process=f"{settings.host}:{settings.port}",
        upstream=settings.upstream.url or default_index_url(),
        log=log or Path(f"/var/log/{program.value}/wheelyard.log"),
        channels=channels,
        folder=None if bucket else _folder(settings),
        bucket=bucket,
    )
    typer.echo(_CONFIGURATIONS[program](front), nl=False)


def _folder(settings: Settings) -> Path:
    parts = urlsplit(store_url(settings))
    if parts.scheme != "file":
        raise BadInput(store_url(settings), "Say with --bucket where its objects can be read")
    return Path(unquote(parts.path))


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard webserver-config`."""
    app.command("webserver-config")(webserver_config)
