"""Badges over HTTP: `/badge/NAME.svg` and `/badge/NAME/TARGET.svg`."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.decisions import newest_decisions
from wheelyard.database.engine import reading
from wheelyard.errors import InvalidName
from wheelyard.model.build import Decision
from wheelyard.model.names import parse_target_name, project_name_or_none
from wheelyard.publish.badges import badge_picture, project_badge, target_badge
from wheelyard.web.responses import SVG, Representation, not_found, whole_response
from wheelyard.web.state import app_state


def of_project(request: Request) -> Response:
    """Answer for `/badge/NAME.svg`."""
    found = _decisions(request)
    return _picture(request, badge_picture(project_badge(found)), is_known=bool(found))


def of_target(request: Request) -> Response:
    """Answer for `/badge/NAME/TARGET.svg`."""
    try:
        target = parse_target_name(request.path_params["target"])
    except InvalidName:
        return not_found()
    found = _decisions(request)
    picture = badge_picture(target_badge(found, target))
    return _picture(request, picture, is_known=any(one.target == target for one in found))


def _decisions(request: Request) -> list[Decision]:
    name = project_name_or_none(request.path_params["name"])
    if name is None:
        return []
    with reading(app_state(request).engine) as connection:
        return newest_decisions(connection, project=name)


def _picture(request: Request, body: bytes, *, is_known: bool) -> Response:
    """Show a badge; one of what is not here says so, to people and to programs."""
    answer = whole_response(request, Representation(body=body, content_type=SVG))
    if not is_known and answer.status_code == HTTPStatus.OK:
        answer.status_code = HTTPStatus.NOT_FOUND
    return answer


ROUTES = [
    Route("/badge/{name}.svg", of_project, methods=["GET", "HEAD"]),
    Route("/badge/{name}/{target}.svg", of_target, methods=["GET", "HEAD"]),
]
"""The routes of badges."""
