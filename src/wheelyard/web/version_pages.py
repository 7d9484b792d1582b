"""All versions of a project, and one version of it, from the database."""

from packaging.version import InvalidVersion, Version
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.checking.facts import QueuePlace
from wheelyard.database.asked import queue_places
from wheelyard.database.engine import Connection, reading
from wheelyard.database.projects import project_overview
from wheelyard.database.withdrawn import shown_versions
from wheelyard.model.build import Verdict
from wheelyard.model.names import ProjectName, TargetName, project_name_or_none
from wheelyard.model.overview import ProjectOverview
from wheelyard.publish import site
from wheelyard.publish.selection import index_for
from wheelyard.web.missing import missing_project
from wheelyard.web.responses import (
    HTML,
    LIVE_CACHING,
    Representation,
    moved,
    not_found,
    whole_response,
)
from wheelyard.web.state import app_state

_MAX_VERSION = 200
_MAX_PAGE = 10_000


def versions(request: Request) -> Response:
    """Answer for `/project/NAME/versions/?page=…`."""
    given = request.path_params["name"]
    name = project_name_or_none(given)
    asked = request.query_params.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("10000") else 0
    if name is None or not 0 < page <= _MAX_PAGE:
        return not_found()
    start = (page - 1) * site.VERSIONS_ON_PAGE
    with reading(app_state(request).engine) as connection:
        found = shown_versions(connection, name)
        on_page = found[start : start + site.VERSIONS_ON_PAGE]
        project = project_overview(connection, name, versions=on_page)
    if project is None:
        return missing_project(request, given)
    if given != name or not request.url.path.endswith("/"):
        return moved(request, f"project/{name}/versions/")
    body = site.versions_page(
        project,
        page=page,
        versions=len(found),
        server_url=app_state(request).settings.server_url,
    )
    if body is None:
        return not_found()
    return whole_response(request, Representation(body=body, content_type=HTML))


def version(request: Request, name: ProjectName, given: str, text: str) -> Response:
    """Answer for `/project/NAME/VERSION/`, as it is now; `given` is how NAME is spelt."""
    try:
        chosen = Version(text[:_MAX_VERSION])
    except InvalidVersion:
        return missing_project(request, name)
    state = app_state(request)
    with reading(state.engine) as connection:
        project = project_overview(connection, name, versions=[chosen])
        known = None if project is None else _known(project)
        if project is None or known is None:
            return missing_project(request, name)
        chosen = known
        if (given, text) != (name, str(chosen)) or not request.url.path.endswith("/"):
            return moved(request, f"project/{name}/{chosen}/")
        places = _places(connection, project, chosen)
    body = site.version_page(
        project,
        chosen,
        index=index_for(project, state.channels.names()),
        server_url=state.settings.server_url,
        may_ask=state.requests.is_open,
        places=places,
    )
    return whole_response(
        request, Representation(body=body, content_type=HTML, caching=LIVE_CACHING)
    )


def _known(project: ProjectOverview) -> Version | None:
    """Return the version that was read as upstream spells it; None if nothing is to be said of it.

    1.0 and 1.0.0 are the same. Wheels outlive targets and what was decided about them.
    """
    shown = site.without_gone(project)
    decided = [decision.version for decision in shown.decisions]
    return next(iter([*decided, *(wheel.version for wheel in shown.wheels)]), None)


def _places(
    connection: Connection, project: ProjectOverview, version: Version
) -> dict[TargetName, QueuePlace]:
    """Return where a version is in the queues of the targets that it waits for."""
    waiting = [item.target for item in project.decisions if item.verdict is Verdict.NEEDS_BUILD]
    found: dict[TargetName, QueuePlace] = {}
    for target in waiting:
        place = queue_places(connection, target).get((project.name, version))
        if place is not None:
            found[target] = place
    return found


ROUTES = [
    Route(path, versions, methods=["GET", "HEAD"])
    for path in ("/project/{name}/versions", "/project/{name}/versions/")
]
"""The routes; those of one version are with the other pages of a project."""
