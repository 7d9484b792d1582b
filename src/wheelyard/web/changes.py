"""The feed of changes over HTTP, for those who copy the index."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wheelyard.database import state
from wheelyard.database.changes import changes_after
from wheelyard.database.engine import reading
from wheelyard.mirror.documents import CHANGES_PATH, ChangeMessage, ChangesPage
from wheelyard.publish.front import active_channels
from wheelyard.publish.selection import PLAIN, overlay_of, prefix_of
from wheelyard.web.responses import Representation, moved, whole_response
from wheelyard.web.state import app_state

PAGE_LENGTH = 2000
"""How many changes are told at once."""

_CACHING = "no-cache"
_MAX_DIGITS = 18


def changes(request: Request) -> Response:
    """Answer for `/changes/?after=SERIAL`: what has changed since, the oldest change first."""
    if not request.url.path.endswith("/"):
        return moved(request, CHANGES_PATH.strip("/") + "/")
    after = request.query_params.get("after", "0")
    if not (after.isdecimal() and after.isascii() and len(after) <= _MAX_DIGITS):
        return PlainTextResponse("after is a serial\n", status_code=422)
    with reading(app_state(request).engine) as connection:
        found = changes_after(connection, int(after), limit=PAGE_LENGTH + 1)
        channels = active_channels(connection)
        serial = state.current_serial(connection)
    shown = found[:PAGE_LENGTH]
    page = ChangesPage(
        after=int(after),
        last=shown[-1].serial if shown else int(after),
        serial=serial,
        more=len(found) > PAGE_LENGTH,
        indexes=tuple(
            folder
            for index in (PLAIN, *channels)
            for folder in (prefix_of(index), overlay_of(index))
        ),
        changes=tuple(
            ChangeMessage(name=change.project, serial=change.serial, waits=change.waits)
            for change in shown
        ),
    )
    body = page.model_dump_json().encode()
    return whole_response(
        request, Representation(body=body, content_type="application/json", caching=_CACHING)
    )


ROUTES = [
    Route(path, changes, methods=["GET", "HEAD"]) for path in (CHANGES_PATH, CHANGES_PATH[:-1])
]
"""The routes of the feed of changes."""
