"""What holds for every request: a limit on the body, and headers that keep browsers careful."""

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wheelyard.protocol import PART_BYTES, PREFIX
from wheelyard.web.problems import problem_response

MAX_BODY_BYTES = 2 * 1024**2
"""The largest body of any request but a part of an upload: the longest report fits well."""

_PART = re.compile(re.escape(PREFIX) + r"/builds/[^/]+/files/[^/]+/parts/[^/]+")
_TOO_LARGE = 413
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class Guard:
    """ASGI middleware that refuses large bodies and adds headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        limit = PART_BYTES if _PART.fullmatch(scope["path"]) else MAX_BODY_BYTES
        if _announced_length(scope) > limit:
            refusal = problem_response(
                Request(scope),
                _TOO_LARGE,
                error="UploadRefused",
                message=f"A body here has at most {limit} bytes",
            )
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _limited(receive, limit), send_with_headers)


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _limited(receive: Receive, limit: int) -> Receive:
    """Count what comes in, for a body may be sent in pieces without saying how long it is."""
    taken = 0

    async def receive_counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(_TOO_LARGE)
        return message

    return receive_counted
