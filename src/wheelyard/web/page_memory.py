"""Index pages that were answered before, answered again while their files are unchanged.

Most of what an index is asked for is the same few pages, and most of the time of an answer goes
into finding out what to say. Here an answer is kept as it left, for as long as the files that it
came from are the same: they are looked at each time, so that a page that was just written is never
served late.
"""

import os
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wheelyard.storage.objects import FolderStore
from wheelyard.storage.store import Store
from wheelyard.web.conditional import is_unchanged

_MAX_BYTES = 64 * 1024**2
_MAX_ANSWER = 1024**2
_OVERHEAD = 2000
"""What an entry takes beside its body, roughly, in bytes."""

_KEPT_SECONDS = 60.0
"""Settings and channels may change too, and are not looked at."""

_KEPT_STATUSES = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND})
_SOURCES = "wheelyard.page-sources"

_Stamp = tuple[int, int, int] | None
_Key = tuple[str, tuple[bytes, ...]]
Headers = list[tuple[bytes, bytes]]
"""The headers of an answer, as ASGI has them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was sent; `head` is its status line and headers as HTTP/1.1 writes them."""

    status: int
    headers: Headers
    head: bytes
    body: bytes


def _answer(status: int, headers: Headers, body: bytes) -> Answer:
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    fields = [b"%b: %b\r\n" % pair for pair in headers]
    return Answer(status, headers, b"".join((line, *fields)), body)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer with its short form for who has it, what it came from, and when it was made."""

    answer: Answer
    unchanged: Answer | None
    etag: str
    files: tuple[tuple[str, _Stamp], ...]
    made_at: float

    def is_current(self) -> bool:
        if time.monotonic() > self.made_at + _KEPT_SECONDS:
            return False
        return all(_stamp(path) == stamp for path, stamp in self.files)


def _stamp(path: str) -> _Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path costs more than the call itself
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class _Sources:
    """The files that an answer is being made from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: list[tuple[str, _Stamp]] = []

    def note(self, key: str) -> None:
        path = str(self._folder / key)
        self.files.append((path, _stamp(path)))


def note_source(request: Request, key: str) -> None:
    """Note that an answer comes from an object, or from its absence; call it before reading."""
    sources = request.scope.get(_SOURCES)
    if isinstance(sources, _Sources):
        sources.note(key)


class PageMemory:
    """The answers that are remembered; used by one event loop.

    Only a store in a folder can tell cheaply that an object is as it was: for other stores
    nothing is remembered. What is kept is bounded; what was kept first is forgotten first.
    """

    def __init__(self, store: Store) -> None:
        self.folder = store.folder if isinstance(store, FolderStore) else None
        self._kept: dict[_Key, _Kept] = {}
        self._bytes = 0

    def answer(self, scope: Scope) -> Answer | None:
        """Return the answer to a request, if it is remembered and would be the same today."""
        if scope["method"] != "GET" or scope["query_string"]:
            return None
        key, if_none_match = _asked(scope)
        kept = self._kept.get(key)
        if kept is None or not kept.is_current():
            return None
        if if_none_match is None or kept.unchanged is None:
            return kept.answer
        return kept.unchanged if is_unchanged(if_none_match, kept.etag) else kept.answer

    def keep(self, scope: Scope, answer: Answer, files: list[tuple[str, _Stamp]]) -> None:
        """Remember an answer that came from files, if it would be the same for the next client."""
        if scope["method"] != "GET" or scope["query_string"]:
            return
        headers = dict(answer.headers)
        is_whole = headers.get(b"content-length") == str(len(answer.body)).encode()
        by_client = b"user-agent" in headers.get(b"vary", b"").lower()
        is_kept = answer.status in _KEPT_STATUSES and is_whole and not by_client
        if not is_kept or len(answer.body) > _MAX_ANSWER:
            return
        key, _ = _asked(scope)
        self._forget(key)
        while self._kept and self._bytes + _size(answer) > _MAX_BYTES:
            self._forget(next(iter(self._kept)))
        self._bytes += _size(answer)
        etag = headers.get(b"etag", b"").decode("latin-1")
        self._kept[key] = _Kept(
            answer=answer,
            unchanged=_unchanged(answer) if etag else None,
            etag=etag,
            files=tuple(files),
            made_at=time.monotonic(),
        )

    def _forget(self, key: _Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= _size(kept.answer)


def _size(answer: Answer) -> int:
    return len(answer.body) + _OVERHEAD


def _unchanged(answer: Answer) -> Answer:
    """Return the 304 for who has the answer: without what describes the content."""
    headers = [pair for pair in answer.headers if not pair[0].startswith(b"content-")]
    return _answer(HTTPStatus.NOT_MODIFIED, headers, b"")


def _asked(scope: Scope) -> tuple[_Key, str | None]:
    """Return all that an answer depends on, and what the client says that it has."""
    choosing: list[bytes] = []
    if_none_match: str | None = None
    for name, value in scope["headers"]:
        if name in (b"accept", b"accept-encoding"):
            choosing += (name, value)
        elif name == b"if-none-match":
            if_none_match = value.decode("latin-1")
    return (scope["path"], tuple(choosing)), if_none_match


class Remembering:
    """ASGI middleware that answers from a memory, and has it remember what came from files."""

    def __init__(self, app: ASGIApp, *, memory: PageMemory) -> None:
        self._app = app
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or pass the request on and remember the answer."""
        if self._memory.folder is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = self._memory.answer(scope)
        if known is not None:
            start = {"type": "http.response.start", "status": known.status}
            await send({**start, "headers": known.headers})
            await send({"type": "http.response.body", "body": known.body})
            return
        sources = _Sources(self._memory.folder)
        scope[_SOURCES] = sources
        started: list[Message] = []

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            elif sources.files and not message.get("more_body"):
                status, headers = started[0]["status"], list(started[0]["headers"])
                body = message.get("body", b"")
                self._memory.keep(scope, _answer(status, headers, body), sources.files)
            await send(message)

        await self._app(scope, receive, send_watched)
