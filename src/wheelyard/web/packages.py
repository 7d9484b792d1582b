"""Wheels and their metadata over HTTP, by content: what is under a URL never changes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.errors import InvalidName, NotStored
from wheelyard.model.names import parse_filename, parse_sha256
from wheelyard.model.wheel import package_path
from wheelyard.web.responses import file_response, not_found
from wheelyard.web.state import app_state

_METADATA = ".metadata"


def package(request: Request) -> Response:
    """Answer for `/packages/<2>/<2>/<rest of the SHA-256>/<filename>[.metadata]`."""
    store = app_state(request).store
    parts = request.path_params
    try:
        sha256 = parse_sha256(parts["first"] + parts["second"] + parts["rest"])
        filename = parse_filename(parts["filename"])
    except InvalidName:
        return not_found()
    key = package_path(sha256, filename)
    if f"/{key}" != request.url.path.removeprefix(request.scope.get("root_path", "")):
        return not_found()
    is_metadata = filename.endswith(_METADATA)
    try:
        return file_response(
            request,
            store,
            key,
            etag=f'"{sha256}{_METADATA if is_metadata else ""}"',
            content_type="text/plain; charset=utf-8" if is_metadata else "application/octet-stream",
        )
    except NotStored:
        return not_found()


ROUTES = [
    Route("/packages/{first}/{second}/{rest}/{filename}", package, methods=["GET", "HEAD"]),
]
"""The routes of wheels and their metadata."""
