import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from serving import serving
from wheelyard.errors import NotStored
from wheelyard.storage.objects import open_store
from wheelyard.web.page_memory import PageMemory, Remembering, note_source
from yard import BOOKWORM, TRIXIE, Yard, make_yard

PAGE = "/simple/spam/"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


class Counting:
    """An application that answers with an object, and counts how often it was asked."""

    def __init__(self, url: str, *, vary: str = "Accept") -> None:
        self.store = open_store(url)
        self.asked = 0
        self.vary = vary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        key = scope["path"].strip("/")
        note_source(Request(scope), key)
        try:
            body = self.store.get(key)
        except NotStored:
            response = Response("none\n", status_code=404)
        else:
            headers = {"Vary": self.vary, "ETag": f'"{body.hex()}"', "Content-Language": "en"}
            response = Response(body, headers=headers)
        await response(scope, receive, send)

    @property
    def client(self) -> TestClient:
        return TestClient(Remembering(self, memory=PageMemory(self.store)))


@pytest.fixture
def app(tmp_path: Path) -> Counting:
    app = Counting(f"file://{tmp_path}")
    app.store.put("a", b"first")
    return app


def test_a_page_is_made_once_and_anew_when_its_file_changed(app: Counting) -> None:
    client = app.client
    for _ in range(3):
        assert client.get("/a").content == b"first"
    assert app.asked == 1
    app.store.put("a", b"other")
    assert [client.get("/a").content for _ in range(2)] == [b"other"] * 2
    assert app.asked == 2
    app.store.delete("a")
    assert [client.get("/a").status_code for _ in range(2)] == [404] * 2
    assert app.asked == 3
    app.store.put("a", b"back")
    assert client.get("/a").content == b"back"


def test_who_has_the_page_is_told_so(app: Counting) -> None:
    client = app.client
    etag = client.get("/a").headers["ETag"]
    for told in (etag, f'"x", W/{etag}', "*"):
        answer = client.get("/a", headers={"If-None-Match": told})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert not [name for name in answer.headers if name.startswith("content-")]
    assert client.get("/a", headers={"If-None-Match": '"x"'}).content == b"first"
    assert app.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        {"url": "/a?x=1"},
        {"url": "/a", "method": "HEAD"},
        {"url": "/a", "headers": {"Accept": "text/html"}},
        {"url": "/a", "headers": {"Accept-Encoding": "gzip"}},
    ],
)
def test_only_the_same_question_gets_the_same_answer(
    app: Counting, other: dict[str, object]
) -> None:
    client = app.client
    client.get("/a")
    client.request(**{"method": "GET", **other})  # type: ignore[arg-type]
    assert app.asked == 2


def test_what_depends_on_the_client_is_not_remembered(tmp_path: Path) -> None:
    app = Counting(f"file://{tmp_path}", vary="Accept, User-Agent")
    app.store.put("a", b"first")
    client = app.client
    for _ in range(2):
        client.get("/a")
    assert app.asked == 2


def test_nothing_is_remembered_of_a_store_that_cannot_tell_what_changed() -> None:
    app = Counting("memory://")
    app.store.put("a", b"first")
    client = app.client
    client.get("/a")
    app.store.put("a", b"other")
    assert client.get("/a").content == b"other"


def test_the_memory_is_bounded(app: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wheelyard.web.page_memory._MAX_BYTES", 5000)
    client = app.client
    for path in ("/a", "/b", "/c", "/c"):
        client.get(path)
    assert app.asked == 3
    client.get("/a")
    assert app.asked == 4


def test_an_answer_is_made_anew_after_a_while(
    app: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.client
    client.get("/a")
    monkeypatch.setattr("wheelyard.web.page_memory._KEPT_SECONDS", -1.0)
    client.get("/a")
    assert app.asked == 2


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project("spam", versions=("1.0", "2.0", "3.0"))
    yard.publish("spam")
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


def test_a_remembered_page_leaves_the_socket_as_the_first_did(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    whole = Remembering.__call__

    async def counted(self: Remembering, scope: Scope, receive: Receive, send: Send) -> None:
        made.append(scope["path"])
        await whole(self, scope, receive, send)

    monkeypatch.setattr(Remembering, "__call__", counted)
    with serving(yard) as url, httpx2.Client(base_url=url, headers=JSON) as client:
        answers = [client.get(PAGE) for _ in range(3)]
        had = {"If-None-Match": answers[0].headers["ETag"]}
        unchanged = client.get(PAGE, headers=had)
        assert made == [PAGE]
        yard.publish("spam", version="2.0")
        yard.publisher.tick()
        assert "2.0" in client.get(PAGE, headers=had).text
    assert made == [PAGE, PAGE]
    first, *others = [(answer.status_code, answer.content, told(answer)) for answer in answers]
    assert others == [first, first]
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    [requests] = (yard.folder / "requests").glob("*")
    assert len(requests.read_text(encoding="utf-8").splitlines()) == 5


def told(answer: httpx2.Response) -> list[tuple[str, str]]:
    return [pair for pair in answer.headers.multi_items() if pair[0].lower() != "date"]


def test_requests_that_come_in_a_row_are_answered_in_order(yard: Yard) -> None:
    paths = [PAGE, "/simple/none/", PAGE, "/health", PAGE, PAGE]
    requests = "".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths)
    with serving(yard) as url:
        parts = urlsplit(url)
        for _ in range(2):
            with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
                connection.sendall(requests.encode())
                answer = b""
                while answer.count(b"HTTP/1.1 ") < len(paths):
                    answer += connection.recv(65536)
            codes = re.findall(rb"HTTP/1\.1 (\d+)", answer)
            assert codes == [b"200", b"404", b"200", b"200", b"200", b"200"]


def test_the_plain_index_of_several_channels_depends_on_the_client(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.publish("spam", version="3.0", tags=("py3-none-any",))
    yard.publisher.tick()
    agent = 'pip/26.0 {"distro":{"id":"bookworm"}}'
    with serving(yard) as url, httpx2.Client(base_url=url, headers=JSON) as client:
        for _ in range(2):
            plain = client.get(PAGE, headers={"User-Agent": "curl/8"})
            assert (plain.status_code, plain.headers["Vary"][-10:]) == (200, "User-Agent")
            assert client.get(PAGE, headers={"User-Agent": agent}).status_code == 302
