"""The queue and the builders as they are at this moment, for people."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.engine import reading
from wheelyard.database.job_lists import waiting_by_priority
from wheelyard.model.build import Priority
from wheelyard.render import render
from wheelyard.web.queue_view import builders_reply, queue_reply
from wheelyard.web.responses import HTML, Representation, moved, not_found, whole_response
from wheelyard.web.state import app_state

_CACHING = "max-age=5"


def queue(request: Request) -> Response:
    """Answer for `/queue/?target=…`."""
    if not request.url.path.endswith("/"):
        return moved(request, "queue/")
    state = app_state(request)
    target = request.query_params.get("target") or None
    with reading(state.engine) as connection:
        found = queue_reply(connection)
        waiting = waiting_by_priority(connection)
        shown = found if target is None else queue_reply(connection, target=target)
    if target is not None and not shown.targets:
        return not_found()
    body = render(
        "queue.html",
        root="../",
        server_url=state.settings.server_url,
        queue=shown,
        targets=found.targets,
        target=target,
        waiting=waiting,
        priorities=list(Priority),
    )
    return _page(request, body)


def builders(request: Request) -> Response:
    """Answer for `/builders/`."""
    if not request.url.path.endswith("/"):
        return moved(request, "builders/")
    state = app_state(request)
    now = state.clock.now()
    with reading(state.engine) as connection:
        found = builders_reply(connection, now=now)
        running = {job.build: job for job in queue_reply(connection).running}
    body = render(
        "builders.html",
        root="../",
        server_url=state.settings.server_url,
        builders=found.builders,
        running=running,
        now=now,
    )
    return _page(request, body)


def _page(request: Request, body: bytes) -> Response:
    page = Representation(body=body, content_type=HTML, caching=_CACHING)
    return whole_response(request, page)


ROUTES = [
    Route("/queue", queue, methods=["GET", "HEAD"]),
    Route("/queue/", queue, methods=["GET", "HEAD"]),
    Route("/builders", builders, methods=["GET", "HEAD"]),
    Route("/builders/", builders, methods=["GET", "HEAD"]),
]
"""The routes of the queue and the builders."""
