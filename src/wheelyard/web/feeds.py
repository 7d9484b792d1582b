"""Feeds over HTTP: of all new wheels, of all failures, and of one project."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.builds import newest_failures
from wheelyard.database.engine import reading
from wheelyard.database.wheels import newest_wheels
from wheelyard.model.names import project_name_or_none
from wheelyard.publish import feeds
from wheelyard.web.responses import Representation, moved, not_found, whole_response
from wheelyard.web.state import app_state

_ATOM = "application/atom+xml; charset=utf-8"
_ENTRIES = 50


def wheels(request: Request) -> Response:
    """Answer for `/feeds/wheels.atom`."""
    state = app_state(request)
    with reading(state.engine) as connection:
        found = newest_wheels(connection, limit=_ENTRIES)
    return _feed(request, feeds.wheels_feed(found, server_url=state.settings.server_url))


def failures(request: Request) -> Response:
    """Answer for `/feeds/failures.atom`."""
    state = app_state(request)
    with reading(state.engine) as connection:
        found = newest_failures(connection, limit=_ENTRIES)
    return _feed(request, feeds.failures_feed(found, server_url=state.settings.server_url))


def of_project(request: Request) -> Response:
    """Answer for `/project/NAME/feed.atom`; it is empty where there is nothing to tell yet."""
    given = request.path_params["name"]
    name = project_name_or_none(given)
    if name is None:
        return not_found()
    if given != name:
        return moved(request, f"project/{name}/feed.atom")
    state = app_state(request)
    with reading(state.engine) as connection:
        published = newest_wheels(connection, project=name, limit=_ENTRIES)
        failed = newest_failures(connection, project=name, limit=_ENTRIES)
    body = feeds.project_feed(name, published, failed, server_url=state.settings.server_url)
    return _feed(request, body)


def _feed(request: Request, body: bytes) -> Response:
    return whole_response(request, Representation(body=body, content_type=_ATOM))


ROUTES = [
    Route("/feeds/wheels.atom", wheels, methods=["GET", "HEAD"]),
    Route("/feeds/failures.atom", failures, methods=["GET", "HEAD"]),
    Route("/project/{name}/feed.atom", of_project, methods=["GET", "HEAD"]),
]
"""The routes of feeds; that of a project goes before the project's other pages."""
