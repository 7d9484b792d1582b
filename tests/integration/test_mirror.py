"""Mirrors: a copy that serves the same bytes, however often it was interrupted."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from commands import quiet_logs
from serving import serving
from wheelyard.cli import main
from wheelyard.database import tables, wheels
from wheelyard.database.engine import writing
from wheelyard.errors import InvalidPage, Refused, ServerUnavailable, Unavailable
from wheelyard.mirror.copying import Report, mirror
from wheelyard.mirror.origin import Origin
from wheelyard.mirror.state import load_state, locked
from wheelyard.model.wheel import Wheel, WheelState
from wheelyard.storage.objects import open_store
from wheelyard.web import changes
from yard import BOOKWORM, TRIXIE, Yard, make_yard

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


class Link:
    """The way to a yard without a socket; `disturb` may answer in its place."""

    def __init__(self, yard: Yard) -> None:
        self.paths: list[str] = []
        self.pauses: list[float] = []
        self.disturb: Callable[[str], httpx2.Response | None] = lambda _path: None
        self.yard = yard
        client = httpx2.Client(transport=httpx2.MockTransport(self._answer))
        self.origin = Origin(client, "http://yard.example.org/", pause=self.pauses.append)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        self.paths.append(path)
        found = self.disturb(path)
        if found is not None:
            return found
        answer = self.yard.client.get(path, headers={"Accept": request.headers["Accept"]})
        headers = {
            name: answer.headers[name]
            for name in ("Content-Type", "Location")
            if name in answer.headers
        }
        return httpx2.Response(answer.status_code, headers=headers, content=answer.content)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A server with two channels and three projects."""
    yard = make_yard(tmp_path / "yard")
    yard.activate(BOOKWORM, TRIXIE)
    for name in ("ham", "spam"):
        yard.project(name, versions=("1.0", "2.0"))
        yard.publish(name)
    yard.project("pure")
    yard.publish("pure", tags=("py3-none-any",))
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


@pytest.fixture
def link(yard: Yard) -> Link:
    return Link(yard)


def copy(link: Link, folder: Path, *, everything: bool = False) -> Report:
    link.paths.clear()
    return mirror(link.origin, folder, clock=link.yard.clock, everything=everything)


def set_state(yard: Yard, wheel: Wheel, state: WheelState) -> None:
    with writing(yard.engine) as connection:
        wheels.set_wheel_state(connection, wheel, state)
    yard.decide(wheel.project)
    yard.publisher.tick()


def keys(folder: Path) -> set[str]:
    """Return what a folder serves."""
    return set(open_store(f"file://{folder}").keys(""))


def served_keys(yard: Yard) -> set[str]:
    """Return what a mirror of a yard must have: everything but logs and what was kept aside."""
    return {
        key for key in yard.store.keys("") if not key.startswith(("logs/", "withheld/", "uploads/"))
    }


def assert_same(yard: Yard, folder: Path) -> None:
    store = open_store(f"file://{folder}")
    assert keys(folder) == served_keys(yard)
    for key in keys(folder):
        assert store.get(key) == yard.store.get(key), key


def test_a_copy_has_the_same_bytes(yard: Yard, link: Link, tmp_path: Path) -> None:
    report = copy(link, tmp_path / "copy")
    assert (report.projects, report.wheels, report.pending, report.failures) == (3, 3, 0, {})
    assert_same(yard, tmp_path / "copy")


def test_a_web_process_serves_a_copy_as_the_server_does(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    copy(link, tmp_path / "copy")
    other = make_yard(tmp_path / "other")
    other.replace_store(open_store(f"file://{tmp_path / 'copy'}"))
    paths = [
        f"/{index}/{name}/"
        for index in ("simple", "bookworm/simple")
        for name in ("spam", "pure", "x")
    ]
    for path in (*paths, "/simple/", "/", "/project/spam/", "/provenance/keys.json"):
        for accept in (JSON, HTML):
            answers = [each.client.get(path, headers={"Accept": accept}) for each in (yard, other)]
            assert answers[0].status_code == answers[1].status_code
            assert answers[0].content == answers[1].content
            assert _told(answers[0]) == _told(answers[1])
    other.engine.dispose()


def _told(answer: httpx2.Response) -> dict[str, str]:
    """Return an answer's headers; only a server with several channels varies by installer."""
    told = dict(answer.headers)
    told["vary"] = told.get("vary", "").removesuffix(", User-Agent")
    return told


def test_a_second_run_asks_for_what_has_changed_only(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    copy(link, tmp_path / "copy")
    copy(link, tmp_path / "copy")
    assert not any("spam" in path or "/packages/" in path for path in link.paths)
    wheel = yard.publish("spam", version="2.0")
    yard.publisher.tick()
    report = copy(link, tmp_path / "copy")
    assert (report.projects, report.wheels) == (1, 1)
    assert not any("ham" in path or "pure" in path for path in link.paths)
    assert [path for path in link.paths if path.endswith(".whl")] == [f"/{wheel.path}"]
    assert_same(yard, tmp_path / "copy")


def test_what_was_withdrawn_goes_and_what_was_superseded_stays(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    gone, superseded = (yard.publish(name, version="2.0") for name in ("spam", "ham"))
    yard.publisher.tick()
    copy(link, tmp_path / "copy")
    assert {gone.path, superseded.path} < keys(tmp_path / "copy")
    set_state(yard, gone, WheelState.WITHDRAWN)
    set_state(yard, superseded, WheelState.SUPERSEDED)
    report = copy(link, tmp_path / "copy")
    assert (report.removed, report.wheels) == (1, 0)
    assert_same(yard, tmp_path / "copy")
    assert superseded.path in keys(tmp_path / "copy")
    assert not any(key.startswith(gone.path) for key in keys(tmp_path / "copy"))
    set_state(yard, gone, WheelState.PUBLISHED)
    assert copy(link, tmp_path / "copy").wheels == 1
    assert_same(yard, tmp_path / "copy")


def test_a_project_that_was_removed_there_is_removed_here(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    copy(link, tmp_path / "copy")
    with writing(yard.engine) as connection:
        connection.execute(
            tables.projects.update().where(tables.projects.c.name == "spam").values(serial=None)
        )
    for key in list(yard.store.keys("")):
        if "spam" in key and not key.startswith("logs/"):
            yard.store.delete(key)
    assert copy(link, tmp_path / "copy").forgotten == 0
    assert copy(link, tmp_path / "copy", everything=True).forgotten == 1
    assert not any("spam" in key for key in keys(tmp_path / "copy"))


def test_a_server_that_has_lost_nearly_everything_is_not_believed(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    for number in range(8):
        yard.project(f"more{number}")
        yard.publish(f"more{number}")
    yard.publisher.tick()
    copy(link, tmp_path / "copy")
    before = keys(tmp_path / "copy")
    with writing(yard.engine) as connection:
        connection.execute(tables.projects.update().values(serial=None))
    state = tmp_path / "copy" / ".mirror.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"compared_at": None}))
    with pytest.raises(Refused, match="11 of 11 projects are gone"):
        copy(link, tmp_path / "copy")
    assert keys(tmp_path / "copy") == before


class Killed(BaseException):
    """What ends a run in the middle."""


@pytest.mark.parametrize("at", range(1, 60, 6))
def test_a_run_that_was_killed_anywhere_is_gone_on_with(
    yard: Yard, link: Link, tmp_path: Path, at: int
) -> None:
    gone = yard.publish("spam", version="2.0")
    yard.publisher.tick()
    copy(link, tmp_path / "copy")
    set_state(yard, gone, WheelState.WITHDRAWN)
    yard.publish("ham", version="2.0")
    yard.project("new")
    yard.publish("new")
    yard.publisher.tick()

    def kill(_path: str) -> None:
        if len(link.paths) == at:
            raise Killed

    link.disturb = kill
    try:
        copy(link, tmp_path / "copy")
    except Killed:
        link.disturb = lambda _path: None
        copy(link, tmp_path / "copy")
    assert_same(yard, tmp_path / "copy")


def test_a_page_that_is_still_to_be_written_is_copied_later(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    copy(link, tmp_path / "copy")
    yard.publish("spam", version="2.0")
    assert copy(link, tmp_path / "copy").pending == 1
    yard.publisher.tick()
    report = copy(link, tmp_path / "copy")
    assert (report.projects, report.wheels, report.pending) == (1, 1, 0)
    assert_same(yard, tmp_path / "copy")


def test_an_old_page_from_a_cache_is_fetched_again(yard: Yard, link: Link, tmp_path: Path) -> None:
    old = {
        path: yard.client.get(path, headers={"Accept": JSON})
        for path in ("/simple/pure/", "/bookworm/simple/pure/", "/trixie/simple/pure/")
    }
    yard.decide("pure")
    yard.publisher.tick()
    link.disturb = lambda path: (
        httpx2.Response(200, content=old[path].content) if path in old else None
    )
    assert copy(link, tmp_path / "copy").pending == 1
    link.disturb = lambda _path: None
    assert copy(link, tmp_path / "copy").pending == 0
    assert_same(yard, tmp_path / "copy")


def test_a_server_that_was_put_back_is_copied_anew(yard: Yard, link: Link, tmp_path: Path) -> None:
    copy(link, tmp_path / "copy")
    state = tmp_path / "copy" / ".mirror.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"cursor": 1_000_000}))
    (tmp_path / "copy/simple/pure/index.json").write_bytes(b"newer")
    copy(link, tmp_path / "copy")
    assert_same(yard, tmp_path / "copy")


def test_a_server_with_too_much_to_do_is_asked_again_when_it_says(
    yard: Yard, link: Link, tmp_path: Path
) -> None:
    busy = [httpx2.Response(503, headers={"Retry-After": "7"}), httpx2.Response(429)]
    link.disturb = lambda path: busy.pop() if path == "/simple/ham/" and busy else None
    assert copy(link, tmp_path / "copy").pending == 0
    assert link.pauses == [1.0, 7.0]
    assert_same(yard, tmp_path / "copy")


def test_a_server_that_wants_hours_of_rest_gets_them(link: Link, tmp_path: Path) -> None:
    link.disturb = lambda _path: httpx2.Response(503, headers={"Retry-After": "7200"})
    with pytest.raises(ServerUnavailable, match="7200 seconds"):
        copy(link, tmp_path / "copy")
    assert link.pauses == []


def test_two_runs_do_not_copy_into_one_folder(link: Link, tmp_path: Path) -> None:
    with locked(tmp_path / "copy"), pytest.raises(Unavailable, match="Another run"):
        copy(link, tmp_path / "copy")


def other_bytes(path: str) -> httpx2.Response | None:
    return httpx2.Response(200, content=b"x" * 500) if path.endswith(".whl") else None


def endless(path: str) -> httpx2.Response | None:
    if not path.endswith(".whl"):
        return None
    return httpx2.Response(200, content=iter([b"x" * 100_000] * 100))


def short(path: str) -> httpx2.Response | None:
    return httpx2.Response(200, content=b"PK") if path.endswith(".whl") else None


def no_wheel(path: str) -> httpx2.Response | None:
    return httpx2.Response(404) if path.endswith(".whl") else None


def other_metadata(path: str) -> httpx2.Response | None:
    return httpx2.Response(200, content=b"Name: x") if path.endswith(".metadata") else None


@pytest.mark.parametrize("fault", [other_bytes, endless, short, no_wheel, other_metadata])
def test_bytes_that_are_not_as_announced_are_never_kept(
    yard: Yard, link: Link, tmp_path: Path, fault: Callable[[str], httpx2.Response | None]
) -> None:
    link.disturb = fault
    report = copy(link, tmp_path / "copy")
    assert set(report.failures) == {"ham", "spam", "pure"}
    end = ".metadata" if fault is other_metadata else ".whl"
    assert not any(key.endswith(end) for key in keys(tmp_path / "copy"))
    assert not any(key.startswith("simple/") and "/spam/" in key for key in keys(tmp_path / "copy"))
    link.disturb = lambda _path: None
    assert copy(link, tmp_path / "copy").failures == {}
    assert_same(yard, tmp_path / "copy")


@pytest.mark.parametrize("location", ["https://evil.example.org/x", "/simple/other/"])
def test_redirects_are_followed_nowhere(link: Link, tmp_path: Path, location: str) -> None:
    link.disturb = lambda path: (
        httpx2.Response(302, headers={"Location": location}) if "/ham/" in path else None
    )
    with pytest.raises(ServerUnavailable, match="redirects"):
        copy(link, tmp_path / "copy")


EVIL_PATH = "packages/../../../etc/passwd"


@pytest.mark.parametrize(
    "change",
    [
        {"path": EVIL_PATH},
        {"path": "/etc/passwd"},
        {"path": "simple/index.html"},
        {"filename": "../../x-1.0-py3-none-any.whl"},
        {"filename": "ham-1.0-py3-none-any.whl"},
        {"sha256": "0" * 64},
        {"sha256": "x"},
        {"size": -1},
        {"size": "1"},
        {"provenance": EVIL_PATH},
    ],
)
def test_a_document_that_leads_elsewhere_is_refused(
    yard: Yard, link: Link, tmp_path: Path, change: dict[str, object]
) -> None:
    document = json.loads(yard.store.get("project/spam/index.json"))
    document["wheels"][0] |= change
    body = json.dumps(document).encode()
    link.disturb = lambda path: (
        httpx2.Response(200, content=body) if path == "/project/spam/index.json" else None
    )
    report = copy(link, tmp_path / "copy")
    assert set(report.failures) == {"spam"}
    assert not any("spam" in key for key in keys(tmp_path / "copy") if "/simple/" in f"/{key}")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/spam-1.0-cp311-cp311-linux_x86_64.whl",
        "//evil.example.org/x.whl",
        "../../../../etc/passwd",
        "javascript:alert(1)",
        "../../packages/00/00/" + "0" * 60 + "/spam-1.0-py3-none-any.whl",
    ],
)
def test_a_page_that_leads_elsewhere_is_refused(
    yard: Yard, link: Link, tmp_path: Path, url: str
) -> None:
    page = json.loads(yard.store.get("bookworm/simple/spam/index.json"))
    page["files"][0]["url"] = url
    body = json.dumps(page).encode()
    link.disturb = lambda path: (
        httpx2.Response(200, content=body) if path == "/bookworm/simple/spam/" else None
    )
    assert set(copy(link, tmp_path / "copy").failures) == {"spam"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"after":1,"last":1,"serial":1,"more":false,"indexes":[],"changes":[]}',
        b'{"after":0,"last":1,"serial":1,"more":true,"indexes":[],"changes":[]}',
        b'{"after":0,"last":1,"serial":1,"more":false,"indexes":["../x"],"changes":[]}',
        b'{"after":0,"last":1,"serial":1,"more":false,"indexes":["packages"],"changes":[]}',
        (
            b'{"after":0,"last":1,"serial":1,"more":false,"indexes":["simple"],'
            b'"changes":[{"name":"../x","serial":1}]}'
        ),
        (
            b'{"after":0,"last":1,"serial":1,"more":false,"indexes":["simple"],'
            b'"changes":[{"name":"Spam","serial":1}]}'
        ),
        (
            b'{"after":0,"last":2,"serial":2,"more":false,"indexes":["simple"],'
            b'"changes":[{"name":"a","serial":2},{"name":"b","serial":1}]}'
        ),
    ],
)
def test_a_feed_that_makes_no_sense_changes_nothing(
    link: Link, tmp_path: Path, body: bytes
) -> None:
    copy(link, tmp_path / "copy")
    before, state = keys(tmp_path / "copy"), load_state(tmp_path / "copy", url=link.origin.url)
    link.disturb = lambda path: (
        httpx2.Response(200, content=body) if path.startswith("/changes/") else None
    )
    with pytest.raises(InvalidPage):
        copy(link, tmp_path / "copy", everything=True)
    assert keys(tmp_path / "copy") == before
    assert load_state(tmp_path / "copy", url=link.origin.url) == state


def test_the_feed_comes_in_pages_with_a_tag(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, link: Link, tmp_path: Path
) -> None:
    monkeypatch.setattr(changes, "PAGE_LENGTH", 2)
    first = yard.client.get("/changes/")
    told = first.json()
    assert (told["more"], len(told["changes"])) == (True, 2)
    second = yard.client.get(f"/changes/?after={told['last']}").json()
    assert (second["more"], len(second["changes"])) == (False, 1)
    again = yard.client.get("/changes/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert yard.client.get("/changes").headers["Location"] == "/changes/"
    for wrong in ("x", "-1", "9" * 30, "²"):
        assert yard.client.get("/changes/", params={"after": wrong}).status_code == 422
    assert copy(link, tmp_path / "copy").projects == 3
    assert_same(yard, tmp_path / "copy")


def test_a_copy_over_http_by_command_can_be_verified(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    wheel = yard.publish("spam", version="2.0")
    yard.publisher.tick()
    with serving(yard) as url, quiet_logs(monkeypatch):
        done = command(monkeypatch, capsys, "mirror", url, "copy", "--json")
        assert json.loads(done)["wheels"] == 4
        told = command(
            monkeypatch, capsys, "verify", f"{url}{wheel.path}#sha256={wheel.file.sha256}"
        )
    assert "is what was built and signed" in told
    assert_same(yard, tmp_path / "copy")
    keys_file = tmp_path / "copy/provenance/keys.json"
    told = command(
        monkeypatch, capsys, "verify", str(tmp_path / "copy" / wheel.path), "--key", str(keys_file)
    )
    assert "is what was built and signed" in told


def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> str:
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["wheelyard", *words])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    assert not end.value.code, printed.err
    return printed.out
