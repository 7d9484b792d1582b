"""Wheels and what is beside them over HTTP, by content: what is under a URL never changes."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.errors import InvalidName, NotStored
from wheelyard.model.names import parse_filename, parse_sha256
from wheelyard.model.wheel import package_path
from wheelyard.provenance.keys import KEY_FOLDER, KEYS_DOCUMENT
from wheelyard.web.responses import Representation, file_response, not_found, whole_response
from wheelyard.web.state import app_state

_METADATA = ".metadata"
_PROVENANCE = ".provenance"
_KEY_FILE = re.compile(r"[0-9a-f]{64}\.pem")
_TEXT = "text/plain; charset=utf-8"


_CONTENT_TYPES = {
    _METADATA: _TEXT,
    _PROVENANCE: "application/json",
    "": "application/octet-stream",
}


def package(request: Request) -> Response:
    """Answer for `/packages/<2>/<2>/<rest of the SHA-256>/<filename>`, and what is beside it."""
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
    kind = next((end for end in _CONTENT_TYPES if filename.endswith(end)), "")
    try:
        return file_response(
            request,
            store,
            key,
            etag=f'"{sha256}{kind}"',
            content_type=_CONTENT_TYPES[kind],
        )
    except NotStored:
        return not_found()


def public_key(request: Request) -> Response:
    """Answer for `/provenance/keys.json` and `/provenance/keys/<id>.pem`."""
    name = request.path_params.get("name")
    if name is not None and not _KEY_FILE.fullmatch(name):
        return not_found()
    key = KEYS_DOCUMENT if name is None else f"{KEY_FOLDER}/{name}"
    try:
        body = app_state(request).store.get(key)
    except NotStored:
        return not_found()
    content_type = "application/json" if name is None else _TEXT
    return whole_response(request, Representation(body=body, content_type=content_type))


ROUTES = [
    Route("/packages/{first}/{second}/{rest}/{filename}", package, methods=["GET", "HEAD"]),
    Route(f"/{KEYS_DOCUMENT}", public_key, methods=["GET", "HEAD"]),
    Route(f"/{KEY_FOLDER}/{{name}}", public_key, methods=["GET", "HEAD"]),
]
"""The routes of wheels, what is beside them, and the keys that sign it."""
