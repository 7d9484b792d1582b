"""The page of examples of the interface for programs."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database import builds, wheels
from wheelyard.database.engine import reading
from wheelyard.render import render
from wheelyard.web.responses import HTML, Representation, moved, whole_response
from wheelyard.web.state import app_state


@dataclass(frozen=True, slots=True)
class Example:
    """A call below the root, what it tells, and what can be added to it."""

    path: str
    tells: str
    options: str = ""


_ALWAYS = (
    Example("api/v1/figures", "What there is and is done, in numbers."),
    Example("api/v1/search?q=nump", "Projects by their names, mistakes forgiven.", "limit"),
    Example("api/v1/wheels", "The newest wheels of all projects.", "limit"),
    Example("api/v1/missing", "The most wanted projects whose newest release fails.", "limit"),
    Example("api/v1/queue", "What is built now, and what comes next.", "target"),
    Example("api/v1/builders", "The machines that build."),
    Example(
        "api/v1/builds?limit=10",
        "Attempts of all projects, the newest first; `before` of an answer asks for the next page.",
        "running, before, limit",
    ),
)
_STORED = (
    Example("api/v1/failures", "What has failed, grouped by cause, and what used to be built."),
    Example("api/v1/statistics", "Downloads, and the time that they saved."),
)
_OF_PROJECT = (
    Example("api/v1/projects/{project}", "Everything about a project."),
    Example(
        "api/v1/projects/{project}/versions",
        "Its versions by targets, the newest first, a page at a time.",
        "start, limit",
    ),
    Example("api/v1/projects/{project}/versions/{version}", "One version, with its files."),
    Example("api/v1/projects/{project}/jobs", "Its places in the queue, with estimates."),
    Example(
        "project/{project}/json/",
        "The same in the form that piwheels has for its projects, for scripts made for that.",
    ),
)
_OF_BUILD = (
    Example("api/v1/builds/{build}", "One attempt: how it went and why it failed."),
    Example(
        "api/v1/builds/{build}/log?offset=0",
        "Its log from a byte on, also while it grows; `next` is where to go on.",
        "offset",
    ),
)


def api_page(request: Request) -> Response:
    """Answer for `/api/`: examples that work, with what is on this server."""
    if not request.url.path.endswith("/"):
        return moved(request, "api/")
    state = app_state(request)
    with reading(state.engine) as connection:
        newest = wheels.newest_wheels(connection, limit=1)
        attempts = builds.shown_builds(connection, running=False, limit=1)
    examples = [*_ALWAYS]
    for wheel in newest:
        examples += _filled(_OF_PROJECT, project=wheel.project, version=str(wheel.version))
    for attempt in attempts:
        examples += _filled(_OF_BUILD, build=attempt.id)
    body = render(
        "api.html",
        root="../",
        server_url=state.settings.server_url,
        examples=[*examples, *_STORED],
        project=newest[0].project if newest else "numpy",
        may_ask=state.requests.is_open,
    )
    return whole_response(request, Representation(body=body, content_type=HTML))


def _filled(examples: tuple[Example, ...], **names: str) -> list[Example]:
    return [Example(one.path.format(**names), one.tells, one.options) for one in examples]


ROUTES = [
    Route("/api", api_page, methods=["GET", "HEAD"]),
    Route("/api/", api_page, methods=["GET", "HEAD"]),
]
"""The routes of the page."""
