"""Our own log of requests, for counting downloads: JSON lines without anybody's address.

Each process writes a file of its own for each hour, so that whoever counts knows that the files
of past hours are complete.
"""

import json
import os
import re
import socket
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wheelyard.clock import Clock
from wheelyard.downloads.requests import read_target
from wheelyard.log import get_logger

_log = get_logger("web")
_ANSWERED = frozenset({200, 206, 304})
_RANGE = re.compile(rb"bytes (\d{1,18})-")
_LONGEST = 2000


class RequestLog:
    """ASGI middleware that writes down what was fetched of the index and the pages.

    What cannot be written (the disk is full) is told once an hour and not counted; the visitor
    does not notice.
    """

    def __init__(self, app: ASGIApp, *, folder: Path, clock: Clock) -> None:
        self._app = app
        self._folder = folder
        self._clock = clock
        self._unwritable = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write it down when it was answered."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        answer: dict[str, int | bool | None] = {}

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                answer["first_byte"] = _first_byte(message)
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answer["finished"] = True

        try:
            await self._app(scope, receive, send_watched)
        finally:
            if answer.get("status") in _ANSWERED:
                self._note(scope, answer)

    def _note(self, scope: Scope, answer: dict[str, int | bool | None]) -> None:
        raw = scope.get("raw_path") or scope["path"].encode()
        target = raw[:_LONGEST].decode("ascii", errors="replace")
        if read_target(target) is None:
            return
        now = self._clock.now()
        agent = dict(scope["headers"]).get(b"user-agent", b"")
        first_byte = answer["first_byte"]
        line = {
            "time": now.isoformat(timespec="seconds"),
            "method": scope["method"],
            "path": target,
            "status": answer["status"],
            "agent": agent[:_LONGEST].decode("latin-1"),
            "range": None if first_byte is None else f"bytes={first_byte}-",
            "finished": answer.get("finished", False),
        }
        name = f"{now:%Y-%m-%dT%H}-{socket.gethostname()}-{os.getpid()}.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Unbuffered, so that what was answered is written whatever ends this process.
            with (self._folder / name).open("ab", buffering=0) as file:
                file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            if self._unwritable != name:
                _log.warning("request-log-unwritable", error=str(error))
            self._unwritable = name


def _first_byte(message: Message) -> int | None:
    for name, value in message.get("headers", ()):
        if name.lower() == b"content-range":
            found = _RANGE.match(value)
            return None if found is None else int(found[1])
    return None
