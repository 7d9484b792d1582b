"""`wheelyard web`: the process that answers requests."""

import typer

from wheelyard import log
from wheelyard.context import open_context
from wheelyard.database import migrate
from wheelyard.settings import load
from wheelyard.upstream.index import default_index_url
from wheelyard.web.app import create_app
from wheelyard.web.server import WebServer


def web() -> None:
    """Serve the index, the pages and the builders' interface."""
    log.configure()
    settings = load()
    context = open_context(settings)
    migrate.upgrade(context.engine)
    app = create_app(
        engine=context.engine,
        store=context.store,
        settings=settings,
        clock=context.clock,
        index_url=settings.upstream.url or default_index_url(),
    )
    WebServer(app, host=settings.host, port=settings.port).run()


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard web`."""
    app.command()(web)
