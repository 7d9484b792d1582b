"""Badges over HTTP: `/badge/NAME.svg` and `/badge/NAME/TARGET.svg`.

A badge of what is not known here says so; it is a picture all the same, for pages that show it.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.decisions import newest_decisions
from wheelyard.database.engine import reading
from wheelyard.errors import InvalidName
from wheelyard.model.build import Decision
from wheelyard.model.names import parse_target_name, project_name_or_none
from wheelyard.publish.badges import Badge, badge_picture, project_badge, target_badge
from wheelyard.web.responses import SVG, Representation, not_found, whole_response
from wheelyard.web.state import app_state


def of_project(request: Request) -> Response:
    """Answer for `/badge/NAME.svg`."""
    return _picture(request, project_badge(_decisions(request)))


def of_target(request: Request) -> Response:
    """Answer for `/badge/NAME/TARGET.svg`."""
    try:
        target = parse_target_name(request.path_params["target"])
    except InvalidName:
        return not_found()
    return _picture(request, target_badge(_decisions(request), target))


def _decisions(request: Request) -> list[Decision]:
    name = project_name_or_none(request.path_params["name"])
    if name is None:
        return []
    with reading(app_state(request).engine) as connection:
        return newest_decisions(connection, project=name)


def _picture(request: Request, badge: Badge) -> Response:
    return whole_response(request, Representation(body=badge_picture(badge), content_type=SVG))


ROUTES = [
    Route("/badge/{name}.svg", of_project, methods=["GET", "HEAD"]),
    Route("/badge/{name}/{target}.svg", of_target, methods=["GET", "HEAD"]),
]
"""The routes of badges."""
