"""`/pypi/NAME/json` and `/pypi/NAME/VERSION/json`, for each index, beside its simple pages."""

import json
from urllib.parse import urljoin

from packaging.version import InvalidVersion, Version
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.errors import InvalidName, NotStored
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.publish.json_api import Page, described_version, own_wheel, release_json
from wheelyard.publish.selection import PLAIN
from wheelyard.web.page_memory import note_source
from wheelyard.web.responses import Representation, moved, not_found, whole_response
from wheelyard.web.simple_pages import Index, is_channel, to_upstream
from wheelyard.web.state import app_state


def index_json(request: Request) -> Response:
    """Answer for `/pypi/…` and `/<channel>/pypi/…`."""
    return _answer(request, is_overlay=False)


def overlay_json(request: Request) -> Response:
    """Answer for `/overlay/pypi/…` and `/<channel>/overlay/pypi/…`."""
    return _answer(request, is_overlay=True)


def _answer(request: Request, *, is_overlay: bool) -> Response:
    channel: str = request.path_params.get("channel", PLAIN)
    given: str = request.path_params["name"]
    try:
        name = parse_project_name(given)
        told = request.path_params.get("version")
        version = None if told is None else Version(told)
    except (InvalidName, InvalidVersion):
        return not_found()
    if channel != PLAIN and not is_channel(channel):
        return not_found()
    index = Index(channel, is_overlay)
    below = f"{name}/json" if told is None else f"{name}/{version}/json"
    if f"{name}" != given or (told is not None and told != str(version)):
        return moved(request, f"{index.folder}pypi/{below}")
    page = _page(request, index, name)
    if page is None:
        simple = app_state(request).index_url
        return to_upstream(urljoin(simple, "../pypi/"), below) if is_overlay else not_found()
    return _document(request, index, page, version) or not_found()


def _page(request: Request, index: Index, name: ProjectName) -> Page | None:
    key = f"{index.prefix}/{name}/index.json"
    note_source(request, key)
    try:
        page: Page = json.loads(app_state(request).store.get(key))
    except NotStored:
        return None
    return page


def _document(request: Request, index: Index, page: Page, told: Version | None) -> Response | None:
    state = app_state(request)
    version = told or described_version(page)
    if version is None:
        return None
    page_url = f"{state.settings.server_url}{index.prefix}/{page['name']}/"
    wheel = own_wheel(page, version)
    body = release_json(
        page,
        page_url=page_url,
        project_url=f"{state.settings.server_url}project/{page['name']}/",
        version=version,
        metadata=None if wheel is None else _metadata(request, wheel),
    )
    if body is None:
        return None
    answer = whole_response(request, Representation(body=body, content_type="application/json"))
    answer.headers["X-PyPI-Last-Serial"] = str(page["meta"]["_last-serial"])
    return answer


def _metadata(request: Request, url: str) -> bytes | None:
    key = f"{url.removeprefix('../' * url.count('../'))}.metadata"
    note_source(request, key)
    try:
        return app_state(request).store.get(key)
    except NotStored:
        return None


ROUTES = [
    Route(f"{prefix}/pypi/{{name}}/{version}json", answer, methods=["GET", "HEAD"])
    for prefix, answer in (
        ("", index_json),
        ("/overlay", overlay_json),
        ("/{channel}", index_json),
        ("/{channel}/overlay", overlay_json),
    )
    for version in ("", "{version}/")
]
"""The routes of the JSON interface."""
