"""What a builder says to the server: the protocol of `wheelyard.protocol` as a typed client."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from wheelyard.client import http_client, read_limited
from wheelyard.errors import (
    BadInput,
    LeaseLost,
    ServerUnavailable,
    StoreFull,
    Unauthorized,
    UploadRefused,
)
from wheelyard.protocol import (
    PREFIX,
    BuildLease,
    ClaimRequest,
    EnvironmentMessage,
    FinishReply,
    FinishRequest,
    Heartbeat,
    HeartbeatReply,
    Problem,
    RegisterReply,
    RegisterRequest,
    UploadState,
)
from wheelyard.settings import Settings

_Reply = TypeVar("_Reply", bound=BaseModel)
_MAX_REPLY_BYTES = 4 * 1024**2
_NO_CONTENT = 204
_CONFLICT = 409
_FULL = 507
_UNAUTHORIZED = frozenset({401, 403})
_REFUSED = frozenset({404, 413, 422})


class Connection:
    """The server, seen from a builder.

    Every method raises `Unauthorized` for a token that is not taken, `LeaseLost` where the build
    is not ours any more, `UploadRefused` for what will never be taken, and `ServerUnavailable`
    (or `StoreFull`) for what may work later.
    """

    def __init__(self, settings: Settings, *, server: str, token: str) -> None:
        self._base = server.rstrip("/") + PREFIX
        self._timeout = settings.upstream.timeout.total_seconds()
        self._client = http_client(contact=settings.contact, timeout=settings.upstream.timeout)
        self._client.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def register(self, request: RegisterRequest) -> RegisterReply:
        """Say what this builder is."""
        return self._require("/register", request, RegisterReply)

    def put_environment(self, digest: str, message: EnvironmentMessage) -> None:
        """Tell what is in an environment."""
        self._send("PUT", f"/environments/{digest}", content=_json(message))

    def claim(self, request: ClaimRequest) -> BuildLease | None:
        """Ask for a job; None if there is none for us now."""
        timeout = self._timeout + request.wait_seconds
        body = self._send("POST", "/claim", content=_json(request), timeout=timeout)
        return None if body is None else _parse(BuildLease, body)

    def heartbeat(self, build_id: str, beat: Heartbeat) -> HeartbeatReply:
        """Renew the lease, and send a piece of the log."""
        return self._require(f"/builds/{build_id}/heartbeat", beat, HeartbeatReply)

    def parts(self, build_id: str, filename: str) -> dict[int, int]:
        """Return the sizes of the parts of a file that the server has."""
        body = self._send("GET", f"/builds/{build_id}/files/{filename}")
        return {} if body is None else _parse(UploadState, body).parts

    def put_part(self, build_id: str, filename: str, number: int, data: bytes) -> None:
        """Send one part of a file."""
        path = f"/builds/{build_id}/files/{filename}/parts/{number}"
        headers = {
            "Wheelyard-Sha256": hashlib.sha256(data).hexdigest(),
            "Content-Type": "application/octet-stream",
        }
        self._send("PUT", path, content=data, headers=headers)

    def finish(self, build_id: str, report: FinishRequest) -> FinishReply:
        """Say how the build ended."""
        return self._require(f"/builds/{build_id}/finish", report, FinishReply)

    def _require(self, path: str, message: BaseModel, reply: type[_Reply]) -> _Reply:
        body = self._send("POST", path, content=_json(message))
        if body is None:
            raise ServerUnavailable(self._base + path, "It answered nothing")
        return _parse(reply, body)

    def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> bytes | None:
        """Send a request and return the body of the answer, None if there is none."""
        try:
            with self._client.stream(
                method,
                self._base + path,
                content=content,
                headers=headers or {"Content-Type": "application/json"},
                timeout=timeout or self._timeout,
                follow_redirects=False,
            ) as response:
                body = read_limited(response, _MAX_REPLY_BYTES)
        except httpx2.HTTPError as error:
            raise ServerUnavailable(self._base, f"{type(error).__name__}: {error}") from None
        if body is None:
            raise ServerUnavailable(self._base + path, "Its answer is too long")
        if response.status_code == _NO_CONTENT:
            return None
        if response.is_success:
            return body
        raise _error(response.status_code, body)(self._base + path, _message(body))


def _json(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()


def _parse(reply: type[_Reply], body: bytes) -> _Reply:
    try:
        return reply.model_validate_json(body)
    except (ValidationError, BadInput) as error:
        raise ServerUnavailable("an answer", str(error).partition("\n")[0]) from None


def _error(status: int, body: bytes) -> Callable[[str, str], Exception]:
    if status in _UNAUTHORIZED:
        return Unauthorized
    if status == _CONFLICT:
        return LeaseLost
    if status == _FULL:
        return StoreFull
    if status in _REFUSED and _is_problem(body):
        return UploadRefused
    return ServerUnavailable


def _is_problem(body: bytes) -> bool:
    """Whether the answer is our server's, and not that of something in between."""
    try:
        Problem.model_validate_json(body)
    except ValidationError:
        return False
    return True


def _message(body: bytes) -> str:
    try:
        return Problem.model_validate_json(body).message
    except ValidationError:
        return body[:200].decode(errors="replace")
