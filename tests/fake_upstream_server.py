"""The server under `fake_upstream`: connections, faults and routes."""

import hashlib
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

import fake_upstream_pages as pages
from fake_upstream_journal import changelog, packages_feed, updates_feed

if TYPE_CHECKING:
    from fake_upstream import FakeFile, FakeUpstream

CHANGELOG_PATH = "/pypi"
LIST_PATH = "/simple/"
UPDATES_PATH = "/rss/updates.xml"
PACKAGES_PATH = "/rss/packages.xml"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to requests for one path, `times` times (None: always).

    The first that is set counts: `reset` drops the connection, `redirect_to` sends elsewhere,
    `status` answers with that status, `body` and `content_type`; otherwise the usual answer comes,
    with `body` and `content_type` in place of its own, `truncated_to` that many bytes of it, and
    each `bytes_per_pause` bytes followed by a pause of `pause_seconds`. `retry_after` and
    `without_length` change the headers.
    """

    reset: bool = False
    redirect_to: str | None = None
    status: int | None = None
    retry_after: str | None = None
    body: bytes | None = None
    content_type: str | None = None
    truncated_to: int | None = None
    without_length: bool = False
    bytes_per_pause: int | None = None
    pause_seconds: float = 0.01
    times: int | None = None


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """A request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


_NOT_FOUND = Answer(404)


class FakeServer(ThreadingHTTPServer):
    """Serves one fake on a free port, in threads that all end with it."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, fake: "FakeUpstream") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="fake-upstream"
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the server, its open connections and its threads."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self.fake.lock:
            waiting = list(self._open)
        for connection in waiting:
            _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's types
        with self.fake.lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base's types
        with self.fake.lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's types
        """Say nothing: clients that hang up early are what many tests are about."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeServer

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep standard error clean: the fake has a request log of its own."""

    def _handle(self) -> None:
        fake = self.server.fake
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        with fake.lock:
            fake.requests.append(
                SeenRequest(method=self.command, path=path, headers=headers, body=body)
            )
        fault = fake.fault_for(path, self.command)
        if fault.reset:
            self._reset()
        elif fault.redirect_to is not None:
            self._send(Answer(302, headers=(("Location", fault.redirect_to),)), fault)
        elif fault.status is not None:
            kind = fault.content_type or "text/plain"
            self._send(Answer(fault.status, fault.body or b"", kind), fault)
        else:
            with fake.lock:
                answer = self._answer(path, body)
            if fault.body is not None:
                answer = answer._replace(body=fault.body)
            if fault.content_type is not None:
                answer = answer._replace(content_type=fault.content_type)
            self._send(answer, fault)

    def _answer(self, path: str, body: bytes) -> Answer:
        if self.command == "POST":
            return self._changelog(body) if path == CHANGELOG_PATH else Answer(405)
        routes: tuple[tuple[str, Callable[..., Answer]], ...] = (
            (r"/simple/", self._project_list),
            (r"/simple/([^/]+)(/?)", self._project),
            (r"/pypi/([^/]+)/json", self._details),
            (r"(/packages/.+?)(\.metadata)?", self._file),
            (r"/rss/(updates|packages)\.xml", self._feed),
        )
        for pattern, route in routes:
            match = re.fullmatch(pattern, path)
            if match and path.startswith("/packages/"):
                return route(*match.groups())
            if match:
                return self._unless_known(route(*match.groups()))
        return _NOT_FOUND

    def _unless_known(self, answer: Answer) -> Answer:
        """Give a page its ETag, and say 304 to who has it (RFC 9110)."""
        if answer.status != 200 or not self.server.fake.serves_etags:
            return answer
        etag = f'"{hashlib.sha256(answer.body).hexdigest()}"'
        headers = (*answer.headers, ("ETag", etag))
        if self.headers.get("If-None-Match") == etag:
            return Answer(304, b"", answer.content_type, headers)
        return answer._replace(headers=headers)

    def _changelog(self, body: bytes) -> Answer:
        if not self.server.fake.has_changelog:
            return _NOT_FOUND
        return Answer(200, changelog(self.server.fake.journal, body), "text/xml")

    def _feed(self, kind: str) -> Answer:
        fake = self.server.fake
        if not fake.has_rss:
            return _NOT_FOUND
        feed = updates_feed if kind == "updates" else packages_feed
        return Answer(200, feed(fake.journal, fake.root), "application/xml")

    @property
    def _wants_json(self) -> bool:
        accept = self.headers.get("Accept", "")
        return self.server.fake.serves_json and pages.JSON_TYPE in accept

    def _serial(self, serial: object) -> tuple[tuple[str, str], ...]:
        fake = self.server.fake
        if fake.bare_html or not fake.serves_serials:
            return ()
        return (("X-PyPI-Last-Serial", str(serial)),)

    def _project_list(self) -> Answer:
        fake = self.server.fake
        headers = self._serial(pages.list_serial(fake))
        if self._wants_json:
            return Answer(200, pages.json_list(fake), pages.JSON_TYPE, headers)
        return Answer(200, pages.html_list(fake), "text/html", headers)

    def _project(self, name: str, slash: str) -> Answer:
        fake = self.server.fake
        normalised = canonicalize_name(name)
        if not slash or name != normalised:
            return Answer(308, headers=(("Location", f"/simple/{normalised}/"),))
        project = fake.shown(normalised)
        if project is None:
            return _NOT_FOUND
        headers = self._serial(project.serial)
        if self._wants_json:
            return Answer(200, pages.json_page(project), pages.JSON_TYPE, headers)
        return Answer(200, pages.html_page(project, bare=fake.bare_html), "text/html", headers)

    def _details(self, name: str) -> Answer:
        project = self.server.fake.shown(name)
        if project is None or not self.server.fake.has_details:
            return _NOT_FOUND
        return Answer(200, pages.details(project, self.server.fake.root), "application/json")

    def _file(self, path: str, metadata: str | None) -> Answer:
        file = self._find(path)
        if file is None or (metadata and file.metadata is None):
            return _NOT_FOUND
        if metadata:
            return Answer(200, file.metadata or b"", "application/octet-stream")
        return self._part(file.content)

    def _find(self, path: str) -> "FakeFile | None":
        for project in self.server.fake.projects.values():
            for file in project.files.values():
                if file.path == path:
                    return file
        return None

    def _part(self, content: bytes) -> Answer:
        """Answer with the one range that was asked for, else with everything (RFC 9110)."""
        kind = "application/octet-stream"
        accepts = ("Accept-Ranges", "bytes")
        match = _RANGE.fullmatch(self.headers.get("Range", "").strip())
        if not match or not any(match.groups()):
            return Answer(200, content, kind, (accepts,))
        size = len(content)
        first, last = match.groups()
        start = int(first) if first else max(size - int(last), 0)
        end = min(int(last), size - 1) if first and last else size - 1
        if start > end:
            return Answer(416, headers=(("Content-Range", f"bytes */{size}"),))
        where = ("Content-Range", f"bytes {start}-{end}/{size}")
        return Answer(206, content[start : end + 1], kind, (accepts, where))

    def _send(self, answer: Answer, fault: Fault) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        if fault.retry_after is not None:
            self.send_header("Retry-After", fault.retry_after)
        if fault.without_length:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD" or answer.status == 304:
            return
        body = answer.body
        if fault.truncated_to is not None:
            body = body[: fault.truncated_to]
            self.close_connection = True
        step = fault.bytes_per_pause or max(len(body), 1)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if fault.bytes_per_pause and self.server.stopping.wait(fault.pause_seconds):
                return

    def _reset(self) -> None:
        """Drop the connection with a reset, as a crashing server does."""
        linger_at_once = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_at_once)
        self.connection.close()
        self.close_connection = True
