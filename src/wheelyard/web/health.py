"""Whether the process lives, and whether it can do its work."""

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from wheelyard.database import state
from wheelyard.database.engine import Engine, reading
from wheelyard.errors import NotStored, Unavailable
from wheelyard.storage.store import Store
from wheelyard.web.state import app_state

_PROBE = "simple/index.json"


def health(_request: Request) -> Response:
    """Say that the process lives, whatever else is broken."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


def ready(request: Request) -> Response:
    """Say whether the database and the store answer; 503 if one does not."""
    parts = {
        "database": _database_answers(app_state(request).engine),
        "store": _store_answers(app_state(request).store),
    }
    status = 200 if all(parts.values()) else 503
    return JSONResponse(parts, status_code=status, headers={"Cache-Control": "no-store"})


def _database_answers(engine: Engine) -> bool:
    try:
        with reading(engine) as connection:
            state.current_serial(connection)
    except Unavailable:
        return False
    return True


def _store_answers(store: Store) -> bool:
    try:
        with suppress(NotStored):
            store.info(_PROBE)
    except Unavailable:
        return False
    return True


ROUTES = [
    Route("/health", health, methods=["GET", "HEAD"]),
    Route("/ready", ready, methods=["GET", "HEAD"]),
]
"""The routes of health checks."""
