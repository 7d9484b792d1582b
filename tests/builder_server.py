"""A server as builders see it: real HTTP on a free port, jobs and answers as a test sets them."""

import json
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from wheelyard.builder.connection import Connection
from wheelyard.model.build import Limits
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target, target_from_name
from wheelyard.protocol import (
    PREFIX,
    BuildLease,
    FinishReply,
    FinishRequest,
    Heartbeat,
    HeartbeatReply,
    LimitsMessage,
    RecipeMessage,
    RegisterReply,
    SdistMessage,
    TargetMessage,
    UploadState,
)
from wheelyard.settings import Settings, UpstreamSettings

TOKEN = "wy_a-secret-of-this-builder"
BUILD_ID = f"{1:032x}"
RESET = "reset"
"""The request is dropped unread."""

LOST_REPLY = "lost-reply"
"""The request is heeded, and the connection dropped before the answer."""


def make_lease(
    *,
    build_id: str = BUILD_ID,
    number: int = 0,
    project: str = "spam",
    version: str = "1.0",
    target: Target | None = None,
    sdist: SdistMessage | None = None,
    recipe: Recipe | None = None,
    limits: Limits | None = None,
    index_url: str = "http://127.0.0.1:9/simple/",
    expires_in: float = 60.0,
    heartbeat_seconds: float = 0.05,
) -> BuildLease:
    return BuildLease(
        build_id=build_id,
        number=number,
        project=project,
        version=version,
        target=TargetMessage.of(target or target_from_name("bookworm-cp311-x86_64")),
        sdist=sdist or make_sdist_message(),
        recipe=RecipeMessage.of(recipe or Recipe()),
        limits=LimitsMessage.of(limits or Limits()),
        index_url=index_url,
        lease_expires_at=datetime.now(UTC) + timedelta(seconds=expires_in),
        heartbeat_seconds=heartbeat_seconds,
    )


def make_sdist_message(
    *,
    filename: str = "spam-1.0.tar.gz",
    url: str = "http://127.0.0.1:9/spam-1.0.tar.gz",
    sha256: str = "0" * 64,
    uploaded_at: datetime | None = None,
) -> SdistMessage:
    return SdistMessage(filename=filename, url=url, sha256=sha256, uploaded_at=uploaded_at)


class BuilderServer:
    """A context manager: the server runs inside `with`, and is gone afterwards.

    `faults` maps a request's last word (`claim`, `heartbeat`, `parts`, `files`, `finish`,
    `register`) to what happens to the next ones: a status, `RESET` or `LOST_REPLY`, each once.
    No token is taken any more after the first request of the word `tokens_until`.
    """

    def __init__(self) -> None:
        self.leases: deque[BuildLease | dict[str, Any]] = deque()
        self.faults: dict[str, deque[int | str]] = {}
        self.is_away = False
        self.tokens_until: str | None = None
        self.is_revoked = False
        self.lost: set[str] = set()
        self.lease_seconds = 60.0
        self.logs: dict[str, bytearray] = {}
        self.beats: list[Heartbeat] = []
        self.parts: dict[str, dict[int, bytes]] = {}
        self.sent_parts: list[int] = []
        self.finished: list[tuple[str, FinishRequest]] = []
        self.seen: list[str] = []
        self.changed = threading.Condition(threading.RLock())
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._server.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.stop()

    @property
    def url(self) -> str:
        assert self._server is not None, "the server runs inside `with` only"
        return f"http://127.0.0.1:{self._server.server_port}/"

    def connection(self, *, token: str = TOKEN, timeout: float = 5.0) -> Connection:
        """Return a builder's connection to it; whoever asks for it closes it."""
        upstream = UpstreamSettings(timeout=timedelta(seconds=timeout))
        return Connection(Settings(upstream=upstream), server=self.url, token=token)

    def fail(self, word: str, *faults: int | str) -> None:
        with self.changed:
            self.faults.setdefault(word, deque()).extend(faults)

    def lose(self, build_id: str = BUILD_ID) -> None:
        """Give the lease to somebody else."""
        with self.changed:
            self.lost.add(build_id)

    def count(self, word: str) -> int:
        with self.changed:
            return self.seen.count(word)

    def wait_until(self, is_so: Callable[[], bool], *, within: float = 300.0) -> bool:
        """Wait until something is so, looked at after each request."""
        with self.changed:
            return bool(self.changed.wait_for(is_so, within))

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/claim":
            return self._claim()
        found = re.fullmatch(r"/builds/([^/]+)/(heartbeat|finish|files/.+)", path)
        if found is None:
            return 200, _welcome(body)
        build_id, rest = found.groups()
        if build_id in self.lost:
            return 409, _problem("LeaseLost")
        if rest == "heartbeat":
            return 200, self._heartbeat(build_id, Heartbeat.model_validate_json(body))
        if rest == "finish":
            self.finished.append((build_id, FinishRequest.model_validate_json(body)))
            return 200, FinishReply(state="succeeded").model_dump_json().encode()
        return 200, self._file(rest.split("/"), body)

    def _claim(self) -> tuple[int, bytes]:
        if not self.leases:
            return 204, b""
        lease = self.leases.popleft()
        if isinstance(lease, BuildLease):
            return 200, lease.model_dump_json().encode()
        return 200, json.dumps(lease).encode()

    def _heartbeat(self, build_id: str, beat: Heartbeat) -> bytes:
        log = self.logs.setdefault(build_id, bytearray())
        if beat.log_offset <= len(log):
            log[beat.log_offset :] = max(beat.log, log[beat.log_offset :], key=len)
        self.beats.append(beat)
        expires_at = datetime.now(UTC) + timedelta(seconds=self.lease_seconds)
        reply = HeartbeatReply(lease_expires_at=expires_at, log_size=len(log))
        return reply.model_dump_json().encode()

    def _file(self, words: list[str], body: bytes) -> bytes:
        parts = self.parts.setdefault(words[1], {})
        if len(words) == 4:
            parts[int(words[3])] = body
            self.sent_parts.append(int(words[3]))
        sizes = {number: len(data) for number, data in parts.items()}
        return UploadState(parts=sizes).model_dump_json().encode()


def _welcome(body: bytes) -> bytes:
    targets = tuple(json.loads(body)["targets"])
    reply = RegisterReply(name="board", targets=targets, heartbeat_seconds=0.05)
    return reply.model_dump_json().encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, fake: BuilderServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake
        self._open: set[socket.socket] = set()
        self.thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="builder-server"
        )

    def stop(self) -> None:
        """End the server, its open connections and its threads."""
        self.shutdown()
        self.thread.join()
        with self.fake.changed:
            waiting = list(self._open)
        for connection in waiting:
            _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's types
        with self.fake.changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base's types
        with self.fake.changed:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's types
        """Say nothing: builders that hang up are what some tests are about."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep standard error clean."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = self.path.removeprefix(PREFIX)
        word = next(w for w in reversed(path.split("/")) if w in _WORDS)
        fake = self.server.fake
        with fake.changed:
            faults = fake.faults.get(word)
            fault = RESET if fake.is_away else faults.popleft() if faults else None
            if fault == RESET:
                status, answer = 0, b""
            elif isinstance(fault, int):
                status, answer = fault, _problem("Fault")
            elif fake.is_revoked or self.headers["Authorization"] != f"Bearer {TOKEN}":
                status, answer = 401, _problem("Unauthorized")
            else:
                status, answer = fake.answer(path, body)
            fake.seen.append(word)
            fake.is_revoked |= word == fake.tokens_until
            fake.changed.notify_all()
        if fault in {RESET, LOST_REPLY}:
            self._drop()
        else:
            self._send(status, answer)

    def _send(self, status: int, answer: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _drop(self) -> None:
        """Drop the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


_WORDS = frozenset({"register", "claim", "heartbeat", "files", "parts", "finish"})


def _problem(error: str) -> bytes:
    return json.dumps({"error": error, "message": f"A problem: {error}"}).encode()
