"""Our own log of requests, for counting downloads: JSON lines without anybody's address.

Each process writes a file of its own for each hour, so that whoever counts knows that the files
of past hours are complete.
"""

import asyncio
import json
import os
import re
import socket
from functools import lru_cache
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wheelyard.clock import Clock
from wheelyard.downloads.requests import read_target
from wheelyard.log import get_logger

_log = get_logger("web")
_ANSWERED = frozenset({200, 206, 304})
_RANGE = re.compile(rb"bytes (\d{1,18})-")
_LONGEST = 2000
_REMEMBERED = 5000
_LONGEST_REMEMBERED = 1000
"""What is longer is not remembered: a stranger who varies it must not fill the memory."""

_HOUR = len("2026-01-01T00")
_GATHERED_SECONDS = 0.02


class RequestLog:
    """Writes down what was fetched of the index and the pages; used by one event loop.

    The lines of a fiftieth of a second are written together: one by one they would cost more than
    the answers. Those of the last one are not counted if this process is killed. What cannot be
    written (the disk is full) is told once an hour and not counted; the visitor does not notice.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._unwritable = ""
        self._waiting: list[bytes] = []

    def note(
        self,
        scope: Scope,
        status: int,
        *,
        first_byte: int | None = None,
        is_finished: bool = True,
    ) -> None:
        """Have an answer written soon, if anybody counts it."""
        if status not in _ANSWERED:
            return
        target, agent = _target(scope), _agent(scope)
        is_short = len(target) + len(agent) <= _LONGEST_REMEMBERED
        tell = _known_told if is_short else _told
        told = tell(target, agent, status, first_byte, is_finished)
        if told is None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_later(_GATHERED_SECONDS, self.flush)
        self._waiting.append(told)

    def flush(self) -> None:
        """Write what waits; called at the end, too."""
        if not self._waiting:
            return
        moment = self._clock.now().isoformat(timespec="seconds")
        data = b"".join(b'{"time":"%b",%b' % (moment.encode(), told) for told in self._waiting)
        self._waiting.clear()
        hour = moment[:_HOUR]
        try:
            _append(self._folder / f"{hour}-{socket.gethostname()}-{os.getpid()}.jsonl", data)
        except OSError as error:
            if self._unwritable != hour:
                _log.warning("request-log-unwritable", error=str(error))
            self._unwritable = hour


def _append(path: Path, data: bytes) -> None:
    """Add to a file, made if it is not there; no buffer of ours is left behind by a kill."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        file = os.open(path, flags, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, flags, 0o644)
    try:
        os.write(file, data)
    finally:
        os.close(file)


class Noting:
    """ASGI middleware that has answers written down."""

    def __init__(self, app: ASGIApp, *, request_log: RequestLog) -> None:
        self._app = app
        self._request_log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note it when it was answered."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        status = 0
        first_byte: int | None = None
        is_finished = False

        async def send_watched(message: Message) -> None:
            nonlocal status, first_byte, is_finished
            if message["type"] == "http.response.start":
                status = message["status"]
                first_byte = _first_byte(message)
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                is_finished = True

        try:
            await self._app(scope, receive, send_watched)
        finally:
            self._request_log.note(scope, status, first_byte=first_byte, is_finished=is_finished)


def _target(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw[:_LONGEST]


def _agent(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent: bytes = value[:_LONGEST]
            return agent
    return b""


def _told(
    target: bytes,
    agent: bytes,
    status: int,
    first_byte: int | None,
    is_finished: bool,  # noqa: FBT001 - names would cost more than the look-up
) -> bytes | None:
    """Return a line after its time; None for what nobody counts."""
    path = target.decode("ascii", errors="replace")
    if read_target(path) is None:
        return None
    values = {
        "method": "GET",
        "path": path,
        "status": status,
        "agent": agent.decode("latin-1"),
        "range": None if first_byte is None else f"bytes={first_byte}-",
        "finished": is_finished,
    }
    # What is not ASCII would be three times as long if it were escaped.
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return text[1:].encode() + b"\n"


_known_told = lru_cache(maxsize=_REMEMBERED)(_told)


def _first_byte(message: Message) -> int | None:
    for name, value in message.get("headers", ()):
        if name.lower() == b"content-range":
            found = _RANGE.match(value)
            return None if found is None else int(found[1])
    return None
