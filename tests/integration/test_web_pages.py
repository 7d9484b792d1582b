"""What installers and people get over HTTP, from the whole application without a socket."""

import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest

from wheelyard.database import builds
from wheelyard.database.engine import writing
from wheelyard.model.build import Failure, FailureKind, Verdict
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import Wheel
from wheelyard.publish.failures import FailurePages
from wheelyard.settings import Settings
from yard import BOOKWORM, TRIXIE, Yard, make_yard

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
TEXT = "text/html; charset=utf-8"
PIP = f"{JSON}, {HTML}; q=0.1, text/html; q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yield yard
    yard.engine.dispose()


@pytest.fixture
def wheel(yard: Yard) -> Wheel:
    """One published wheel of a project called Spam.Eggs."""
    yard.project("Spam.Eggs")
    wheel = yard.publish("Spam.Eggs")
    yard.publisher.tick()
    return wheel


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PIP, JSON),
        (BROWSER, TEXT),
        ("*/*", TEXT),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/vnd.pypi.simple.latest+html", HTML),
        (f"{HTML};q=0.5, {JSON};q=0.4", HTML),
        ("image/png", TEXT),
    ],
)
@pytest.mark.parametrize(
    "path",
    ["/simple/", "/simple/spam-eggs/", "/bookworm/simple/", "/bookworm/simple/spam-eggs/"],
)
def test_the_form_of_a_simple_page_is_negotiated(
    yard: Yard, path: str, accept: str, expected: str
) -> None:
    answer = yard.client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, expected)
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert answer.headers["Cache-Control"] == "max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(b"{" if expected == JSON else b"<!DOCTYPE html>")


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/simple", "/simple/"),
        ("/simple//", "/simple/"),
        ("/simple/spam-eggs", "/simple/spam-eggs/"),
        ("/simple/Spam.Eggs", "/simple/spam-eggs/"),
        ("/simple/Spam_Eggs/", "/simple/spam-eggs/"),
        ("/simple//spam-eggs/", "/simple/spam-eggs/"),
        ("/simple//spam-eggs", "/simple/spam-eggs/"),
        ("/simple/spam-eggs//", "/simple/spam-eggs/"),
        ("/simple///SPAM--EGGS///", "/simple/spam-eggs/"),
        ("/bookworm/simple", "/bookworm/simple/"),
        ("/bookworm/simple//Spam.Eggs/", "/bookworm/simple/spam-eggs/"),
        ("/project/Spam.Eggs", "/project/spam-eggs/"),
        ("/project/SPAM-EGGS/index.json", "/project/spam-eggs/index.json"),
    ],
)
def test_other_spellings_lead_to_the_page(yard: Yard, path: str, expected: str) -> None:
    answer = yard.client.get(f"http://testserver{path}")
    assert (answer.status_code, answer.headers["Location"]) == (301, expected)
    assert yard.client.get(expected).status_code == 200


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(
    "path",
    [
        "/simple/unknown/",
        "/simple/unknown",
        "/simple/-/",
        "/simple/spam-eggs/more/",
        "/simple/spam-eggs/index.json",
        "/simple/..%2f..%2fetc%2fpasswd/",
        "/simple/%2e%2e/",
        "/simple/%00/",
        "/simple/%0d%0aSet-Cookie:x/",
        "/simple/" + "a" * 300 + "/",
        "/simple/<script>/",
        "/trixie/simple/",
        "/trixie/simple/spam-eggs/",
        "/Bookworm/simple/spam-eggs/",
        "/..%2fbookworm/simple/",
        "//evil.example.org/simple/",
        "//evil.example.org/",
        "/packages/",
        "/packages/aa/bb/cc/spam.whl",
        "/packages/aa/bb/" + "c" * 60 + "/spam.whl",
        "/packages/aa/bb/" + "c" * 60 + "/..",
        "/project/unknown/",
        "/project/spam-eggs/other",
        "/project/",
        "/build/unknown/",
        "/build/" + "0" * 32 + "/",
        "/logs/unknown.log",
        "/logs/" + "f" * 32 + ".log",
        "/static/unknown.css",
        "/static/..%2f__init__.py",
        "/uploads/x",
        "/yard.sqlite",
    ],
)
def test_what_is_not_there_is_a_small_404(yard: Yard, path: str) -> None:
    answer = yard.client.get(f"http://testserver{path}")
    assert answer.status_code == 404
    assert len(answer.content) < 100
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize("path", ["/simple/", "/simple/spam-eggs/", "/", "/static/style.css"])
def test_a_page_that_the_client_has_is_not_sent_again(yard: Yard, path: str) -> None:
    first = yard.client.get(path, headers={"Accept": PIP})
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    again = yard.client.get(path, headers={"Accept": PIP, "If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    other = yard.client.get(path, headers={"Accept": PIP, "If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.usefixtures("wheel")
def test_every_form_of_a_page_has_its_own_tag(yard: Yard) -> None:
    tags = {
        yard.client.get("/simple/spam-eggs/", headers={"Accept": accept}).headers["ETag"]
        for accept in (JSON, "text/html")
    }
    assert len(tags) == 2


def test_the_links_of_a_page_lead_to_the_wheel_and_its_metadata(yard: Yard, wheel: Wheel) -> None:
    for path in ("/simple/spam-eggs/", "/bookworm/simple/spam-eggs/"):
        page = yard.client.get(path, headers={"Accept": JSON}).json()
        url = urljoin(path, page["files"][0]["url"])
        assert url == f"/{wheel.path}"
        body = yard.client.get(url)
        assert hashlib.sha256(body.content).hexdigest() == wheel.file.sha256
        metadata = yard.client.get(f"{url}.metadata")
        digest = page["files"][0]["core-metadata"]["sha256"]
        assert hashlib.sha256(metadata.content).hexdigest() == digest


def test_a_wheel_is_served_as_it_is_and_for_ever(yard: Yard, wheel: Wheel) -> None:
    answer = yard.client.get(f"/{wheel.path}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Length"] == str(wheel.file.size)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert wheel.file.sha256 in answer.headers["ETag"]
    again = yard.client.get(f"/{wheel.path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_metadata_has_another_tag_than_its_wheel(yard: Yard, wheel: Wheel) -> None:
    tags = {
        yard.client.get(f"/{wheel.path}{suffix}").headers["ETag"] for suffix in ("", ".metadata")
    }
    assert len(tags) == 2


@pytest.mark.parametrize(
    "path",
    ["/", "/simple/", "/simple/spam-eggs/", "/project/spam-eggs/", "/static/style.css", "WHEEL"],
)
def test_head_tells_the_exact_length_and_sends_nothing(yard: Yard, wheel: Wheel, path: str) -> None:
    path = path.replace("WHEEL", f"/{wheel.path}")
    plain = {"Accept-Encoding": "identity"}
    head, get = yard.client.head(path, headers=plain), yard.client.get(path, headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.content))
    assert head.headers["ETag"] == get.headers["ETag"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-22", -22, None)],
)
def test_a_range_of_a_wheel_is_sent(
    yard: Yard, wheel: Wheel, asked: str, start: int, end: int | None
) -> None:
    whole = yard.client.get(f"/{wheel.path}").content
    answer = yard.client.get(f"/{wheel.path}", headers={"Range": asked})
    expected = whole[start:end]
    first = len(whole) + start if start < 0 else start
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["Content-Length"] == str(len(expected))
    assert (
        answer.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    )


def test_a_range_beyond_the_end_is_refused_with_the_size(yard: Yard, wheel: Wheel) -> None:
    answer = yard.client.get(f"/{wheel.path}", headers={"Range": "bytes=999999999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{wheel.file.size}"


def test_if_range_continues_only_what_is_the_same(yard: Yard, wheel: Wheel) -> None:
    etag = yard.client.get(f"/{wheel.path}").headers["ETag"]
    asked = {"Range": "bytes=5-9"}
    same = yard.client.get(f"/{wheel.path}", headers=asked | {"If-Range": etag})
    other = yard.client.get(f"/{wheel.path}", headers=asked | {"If-Range": '"other"'})
    assert (same.status_code, len(same.content)) == (206, 5)
    assert (other.status_code, len(other.content)) == (200, wheel.file.size)


def test_a_withdrawn_wheel_answers_no_more(yard: Yard, wheel: Wheel) -> None:
    yard.store.delete(wheel.path)
    assert yard.client.get(f"/{wheel.path}").status_code == 404


def test_pages_for_people_run_and_load_nothing_from_elsewhere(yard: Yard, wheel: Wheel) -> None:
    for path in ("/", "/project/spam-eggs/", f"/build/{wheel.build_id}/", "/simple/spam-eggs/"):
        answer = yard.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == TEXT
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        scripts = re.findall(rb"<script[^>]*>", answer.content)
        assert all(
            re.fullmatch(rb'<script src="[./]*static/[a-z]+.js" defer>', one) for one in scripts
        )
        assert b'src="http' not in answer.content


def test_the_project_page_is_there_as_json_too(yard: Yard, wheel: Wheel) -> None:
    answer = yard.client.get("/project/spam-eggs/index.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert [item["filename"] for item in answer.json()["wheels"]] == [wheel.file.filename]


def test_the_page_of_a_build_tells_why_it_failed(yard: Yard) -> None:
    yard.project()
    build_id = yard.build()
    running = yard.client.get(f"/build/{build_id}/")
    assert (running.status_code, running.headers["Cache-Control"]) == (200, "no-store")
    assert b"running" in running.content
    failure = Failure(
        kind=FailureKind.COMPILE_ERROR, message="The <b>compiler</b> refused.", evidence=("x < y",)
    )
    yard.end(build_id, failure=failure)
    ended = yard.client.get(f"/build/{build_id}/")
    assert b"The &lt;b&gt;compiler&lt;/b&gt; refused." in ended.content
    assert b"x &lt; y" in ended.content
    assert yard.client.get(f"/build/{build_id}").headers["Location"] == f"/build/{build_id}/"


def test_the_log_of_a_running_build_grows(yard: Yard) -> None:
    yard.project()
    build_id = yard.build()
    empty = yard.client.get(f"/logs/{build_id}.log")
    assert (empty.status_code, empty.content) == (200, b"")
    with writing(yard.engine) as connection:
        builds.append_log(connection, build_id, offset=0, data=b"first\n")
    log = yard.client.get(f"/logs/{build_id}.log")
    assert (log.content, log.headers["Cache-Control"]) == (b"first\n", "no-store")


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", True), ("identity", False)])
def test_a_stored_log_is_plain_text(yard: Yard, *, encoding: str, packed: bool) -> None:
    text = "<script>alert(1)</script> ü\n".encode() * 1000
    yard.project()
    build_id = yard.build()
    yard.end(build_id, log=text)
    answer = yard.client.get(f"/logs/{build_id}.log", headers={"Accept-Encoding": encoding})
    assert answer.content == text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (int(answer.headers["Content-Length"]) == len(gzip.compress(text, mtime=0))) is packed


def test_other_methods_are_refused(yard: Yard, wheel: Wheel) -> None:
    for path in ("/", "/simple/spam-eggs/", f"/{wheel.path}", "/static/style.css"):
        answer = yard.client.post(path)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_health_tells_that_the_process_lives(yard: Yard) -> None:
    assert yard.client.get("/health").status_code == 200


def test_ready_tells_which_part_does_not_work(yard: Yard) -> None:
    assert yard.client.get("/ready").json() == {"database": True, "store": True}
    with yard.without_database():
        answer = yard.client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"database": False, "store": True})


def test_installers_are_served_while_the_database_is_away(yard: Yard, wheel: Wheel) -> None:
    with yard.without_database():
        for path in ("/", "/simple/", "/simple/spam-eggs/", f"/{wheel.path}"):
            assert yard.client.get(path).status_code == 200
        away = yard.client.get(f"/build/{wheel.build_id}/")
        assert away.status_code == 503
        assert away.headers["Retry-After"].isdigit()
        assert str(yard.folder) not in away.text
    assert yard.client.get(f"/build/{wheel.build_id}/").status_code == 200


def test_redirects_hold_behind_a_proxy_that_adds_a_prefix(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, public_url="https://www.example.org/wheels/")
    yard = make_yard(tmp_path, settings=settings)
    yard.publisher.tick()
    assert yard.client.get("/simple").headers["Location"] == "/wheels/simple/"
    yard.engine.dispose()


def test_a_large_body_is_refused_everywhere(yard: Yard) -> None:
    body = b"x" * (3 * 1024**2)
    assert yard.client.post("/simple/", content=body).status_code == 413
    assert yard.client.post("/api/builder/v1/claim", content=body).status_code == 413


def test_every_link_of_the_site_answers(yard: Yard, wheel: Wheel) -> None:
    yard.decide("Spam.Eggs", verdict=Verdict.BUILT, reason="We made a wheel.")
    yard.publisher.tick()
    seen: set[str] = set()
    todo = ["/"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = yard.client.get(path)
        assert answer.status_code == 200, path
        if answer.headers["Content-Type"].startswith("text/html"):
            todo += [urljoin(path, link).partition("#")[0] for link in _links(answer.text)]
    assert f"/build/{wheel.build_id}/" in seen
    assert f"/logs/{wheel.build_id}.log" in seen
    assert f"/{wheel.path}" in seen
    assert {"/static/style.css", "/static/live.js", "/static/icon-180.png"} <= seen
    assert {"/queue/", "/builders/", "/failures/", "/feeds/wheels.atom", "/stats/days.csv"} <= seen


def test_search_engines_find_every_page(yard: Yard, wheel: Wheel) -> None:
    robots = yard.client.get("/robots.txt").text
    assert f"Sitemap: {yard.settings.server_url}sitemap.xml" in robots
    todo, pages = ["/sitemap.xml"], set[str]()
    while todo:
        answer = yard.client.get(todo.pop())
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
        for place in ET.fromstring(answer.content).findall(".//{*}loc"):
            path = urlsplit(place.text or "").path
            assert (place.text or "").startswith(yard.settings.server_url)
            (todo.append if path.endswith(".xml") else pages.add)(path)
    assert f"/project/{wheel.project}/" in pages
    for path in pages:
        assert yard.client.get(path).status_code == 200, path
    for path in ("/sitemap/7.xml", "/sitemap/99999999.xml", "/sitemap/x.xml"):
        assert yard.client.get(path).status_code == 404
    icon = yard.client.get("/favicon.ico")
    assert (icon.status_code, icon.content[:4]) == (200, b"\0\0\1\0")


def test_feeds_tell_of_new_wheels_and_failures(yard: Yard, wheel: Wheel) -> None:
    yard.project("bacon", summary="Other")
    failed = yard.build("bacon")
    hostile = "\"'><script>alert(1)</script>\x1b\x08\ufffe"
    yard.end(failed, failure=Failure(kind=FailureKind.TIMEOUT, message=hostile))
    titles = {
        path: [(title.text or "") for title in _feed(yard, path).findall(".//{*}title")]
        for path in (
            "/feeds/wheels.atom",
            "/feeds/failures.atom",
            f"/project/{wheel.project}/feed.atom",
            "/project/bacon/feed.atom",
        )
    }
    assert titles["/feeds/wheels.atom"][1:] == [wheel.file.filename]
    assert titles["/feeds/failures.atom"][1:] == ["bacon 1.0 failed for bookworm-cp311-x86_64"]
    assert titles[f"/project/{wheel.project}/feed.atom"][1:] == [wheel.file.filename]
    summary = _feed(yard, "/project/bacon/feed.atom").find("{*}entry/{*}summary")
    assert summary is not None
    assert summary.text == "\"'><script>alert(1)</script>\ufffd\ufffd\ufffd"
    assert yard.client.get("/project/unknown/feed.atom").status_code == 404
    moved = yard.client.get("/project/Bacon/feed.atom")
    assert moved.headers["Location"].endswith("/project/bacon/feed.atom")


def _feed(yard: Yard, path: str) -> ET.Element:
    answer = yard.client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "application/atom+xml; charset=utf-8",
    )
    return ET.fromstring(answer.content)


def test_badges_tell_what_was_decided(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project("spam", versions=("1.0", "2.0"))
    yard.decide("spam", version="1.0", verdict=Verdict.FAILED, reason="It failed.")
    yard.decide("spam", version="2.0", verdict=Verdict.BUILT, reason="It was built.")
    yard.decide("spam", version="2.0", target=TRIXIE, reason="It waits.")
    said = {
        path: yard.client.get(path)
        for path in (
            "/badge/spam.svg",
            f"/badge/Spam/{BOOKWORM}.svg",
            f"/badge/spam/{TRIXIE}.svg",
            "/badge/unknown.svg",
            "/badge/spam/bookworm-cp39-armv7l.svg",
        )
    }
    titles = [ET.fromstring(answer.content).findtext("{*}title") for answer in said.values()]
    assert titles == [
        "wheelyard: wheels for 1 of 2 targets",
        f"{BOOKWORM}: wheel",
        f"{TRIXIE}: waiting",
        "wheelyard: unknown",
        "bookworm-cp39-armv7l: unknown",
    ]
    assert {answer.status_code for answer in said.values()} == {200}
    for answer in said.values():
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert yard.client.get("/badge/spam/<script>.svg").status_code == 404


def test_the_failures_are_there_for_people_and_programs(yard: Yard) -> None:
    yard.project("eggs")
    failed = yard.build("eggs")
    yard.end(failed, failure=Failure(kind=FailureKind.TIMEOUT, message="Too <slow>."))
    yard.decide("eggs", verdict=Verdict.FAILED, reason="It failed.")
    FailurePages(yard.engine, store=yard.store, server_url=yard.settings.server_url).tick()
    page = yard.client.get("/failures/").text
    assert "Too &lt;slow&gt;." in page
    assert f"/build/{failed}/" in page
    document = yard.client.get("/failures/index.json").json()
    assert [one["project"] for one in document["missing"]] == ["eggs"]
    assert yard.client.get("/api/v1/failures").json() == document


def test_the_queue_and_the_builders_are_shown(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project("eggs", versions=("1.0", "2.0"))
    running = yard.build("eggs")
    yard.job("eggs", version="2.0", target=TRIXIE)
    queue = yard.client.get("/queue/").text
    assert f'href="../build/{running}/"' in queue
    assert f"?target={TRIXIE}" in queue
    assert running not in yard.client.get(f"/queue/?target={TRIXIE}").text
    assert yard.client.get("/queue/?target=<b>").status_code == 404
    builders = yard.client.get("/builders/").text
    assert 'id="builder-board1"' in builders
    assert f'href="../build/{running}/"' in builders


def test_what_was_withdrawn_is_in_no_feed_and_has_no_build_page(yard: Yard) -> None:
    yard.project("eggs")
    failed = yard.build("eggs")
    yard.end(failed, failure=Failure(kind=FailureKind.TIMEOUT, message="Too slow."))
    assert yard.client.get(f"/build/{failed}/").status_code == 200
    yard.project("eggs", status=ProjectStatus.QUARANTINED)
    assert yard.client.get(f"/build/{failed}/").status_code == 404
    assert yard.client.get(f"/logs/{failed}.log").status_code == 404
    assert b"eggs" not in yard.client.get("/feeds/failures.atom").content


def _links(page: str) -> list[str]:
    """Return where a page leads to on the same server."""
    pieces = page.replace("src=", "href=").split('href="')[1:]
    links = [html.unescape(piece.partition('"')[0]) for piece in pieces]
    return [link for link in links if not urlsplit(link).netloc]


def test_each_channel_has_its_own_index(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project()
    wheel = yard.publish(target=TRIXIE, tags=("cp313-cp313-linux_x86_64",))
    yard.publisher.tick()
    accept = {"Accept": JSON}
    files = json.loads(yard.client.get("/trixie/simple/spam/", headers=accept).content)["files"]
    assert [file["filename"] for file in files] == [wheel.file.filename]
    assert yard.client.get("/bookworm/simple/spam/", headers=accept).status_code == 404
    assert yard.client.get("/simple/spam/", headers=accept).status_code == 404


def test_the_statistics_are_there_for_people_and_programs(yard: Yard) -> None:
    assert yard.client.get("/stats").headers["Location"].endswith("/stats/")
    page = yard.client.get("/stats/")
    assert page.headers["Content-Type"] == TEXT
    assert "What time saved means" in page.text
    document = yard.client.get("/stats/index.json")
    assert document.headers["Content-Type"] == "application/json"
    assert document.json()["all_time"]["downloads"] == 0
