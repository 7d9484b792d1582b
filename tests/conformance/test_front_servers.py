"""The same requests to our own process, to nginx and to Caddy with what we print for them."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from front_servers import Served, behind_caddy, behind_nginx, bucket_of, program
from serving import serving
from wheelyard.clock import SystemClock
from wheelyard.database.engine import connect, reading
from wheelyard.database.statistics import statistics
from wheelyard.model.download import ClientClass, Dimension, RequestKind
from wheelyard.model.statistics import Share
from wheelyard.web.negotiation import simple_type
from yard import BOOKWORM, TRIXIE, Yard, make_yard

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
TEXT = "text/html; charset=utf-8"
PIP = f"{JSON}, {HTML}; q=0.1, text/html; q=0.01"
UV = f"{JSON}, {HTML};q=0.2, text/html;q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
PIP_ON_TRIXIE = (
    'pip/26.0 {"ci":null,"cpu":"aarch64","distro":{"id":"trixie","libc":{"lib":"glibc",'
    '"version":"2.41"},"name":"Debian GNU/Linux","version":"13"},"python":"3.13.5"}'
)
SERVERS = ("own", "nginx", "caddy")


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A server with two channels, a wheel for one of them, and a pure one."""
    yard = make_yard(tmp_path_factory.mktemp("yard"))
    yard.activate(BOOKWORM, TRIXIE)
    for name in ("Spam.Eggs", "ham"):
        yard.project(name)
    yard.publish("Spam.Eggs")
    yard.publish("ham", tags=("py3-none-any",))
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


@pytest.fixture(scope="module")
def nginx(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("nginx")
    with behind_nginx(yard, program("nginx", folder / "package"), folder / "run") as served:
        yield served


@pytest.fixture(scope="module")
def caddy(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("caddy")
    with behind_caddy(yard, program("caddy", folder / "package"), folder / "run") as served:
        yield served


@pytest.fixture(scope="module", params=SERVERS)
def client(
    request: pytest.FixtureRequest, yard: Yard, nginx: Served, caddy: Served
) -> Iterator[httpx2.Client]:
    """Yield a client of one of the servers, which sends nothing by itself."""
    front = {"nginx": nginx, "caddy": caddy}
    if request.param in front:
        with _client(front[request.param].url) as client:
            yield client
    else:
        with serving(yard) as url, _client(url) as client:
            yield client


def _client(url: str) -> httpx2.Client:
    client = httpx2.Client(base_url=url)
    for name in ("Accept", "Accept-Encoding", "User-Agent"):
        del client.headers[name]
    return client


def raw(client: httpx2.Client, path: str, **headers: str) -> tuple[httpx2.Response, bytes]:
    """Return an answer and its body as it came, not decompressed."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.stream("GET", path, headers=shown) as answer:
        return answer, b"".join(answer.iter_raw())


def is_nginx(client: httpx2.Client) -> bool:
    return client.get("/stats/").headers.get("Server") == "nginx"


def unpacked(body: bytes, encoding: str | None) -> bytes:
    match encoding:
        case "zstd":
            return zstd.decompress(body)
        case "gzip":
            return gzip.decompress(body)
        case _:
            return body


def wheel_of(yard: Yard, name: str) -> dict[str, str]:
    page = json.loads(yard.store.get(f"bookworm/simple/{name}/index.json"))
    file: dict[str, str] = page["files"][0]
    return file


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PIP, JSON),
        (UV, JSON),
        (BROWSER, TEXT),
        ("*/*", TEXT),
        ("", TEXT),
        ("text/html", TEXT),
        (HTML, HTML),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{HTML};q=0.5, {JSON};q=0.4", HTML),
        (f"{JSON};q=0, {HTML}", HTML),
        (f"{JSON};q=0, */*", TEXT),
        (f"text/html, {JSON}", JSON),
        (f"text/html;q=0.05, {JSON};q=0.04, {HTML};q=0.3", HTML),
        (f"{JSON};q=0.3, application/*;q=0.9", HTML),
        ("application/*", JSON),
        ("text/*", TEXT),
        ("text/html;q=0.2, */*;q=0.5", JSON),
        (f"{JSON};version=2;q=0.9, {HTML};q=1.0", HTML),
        (f"{JSON};q=spam, {HTML};q=0.1", HTML),
        ("image/png", TEXT),
    ],
)
def test_the_form_of_a_page_is_negotiated(
    client: httpx2.Client, accept: str, expected: str
) -> None:
    answer = client.get("/bookworm/simple/spam-eggs/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, expected)
    assert "Accept" in answer.headers["Vary"].split(", ")
    assert answer.headers["Cache-Control"] == "max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("Content-Security-Policy" in answer.headers) == ("html" in expected)
    assert answer.content.startswith(b"{" if expected == JSON else b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/bookworm/simple", "/bookworm/simple/"),
        ("/bookworm/simple//", "/bookworm/simple/"),
        ("/bookworm/simple/spam-eggs", "/bookworm/simple/spam-eggs/"),
        ("/bookworm/simple/Spam.Eggs/", "/bookworm/simple/spam-eggs/"),
        ("/bookworm/simple//spam_eggs/", "/bookworm/simple/spam-eggs/"),
        ("/project/Spam.Eggs", "/project/spam-eggs/"),
        ("/stats", "/stats/"),
    ],
)
def test_other_spellings_lead_to_the_page(client: httpx2.Client, path: str, expected: str) -> None:
    answer = client.get(path)
    if answer.status_code == 200 and answer.headers.get("Server") == "Caddy":
        # Caddy takes several slashes for one, and answers at once.
        assert "//" in path
        assert answer.content == client.get(expected).content
        return
    assert (answer.status_code, answer.headers["Location"]) == (301, expected)
    assert client.get(expected).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/bookworm/simple/unknown/",
        "/bookworm/simple/-/",
        "/buster/simple/ham/",
        "/bookworm/simple/ham/index.json",
        "/bookworm/simple/ham/index.json.zst",
        "/bookworm/simple/%2e%2e/",
        "/bookworm/simple/..%2f..%2fyard.sqlite/",
        "/bookworm/simple/%00/",
        "/Bookworm/simple/ham/",
        "/packages/",
        "/packages/aa/bb/" + "c" * 60 + "/spam-1.0-py3-none-any.whl",
        "/packages/aa/bb/" + "c" * 60 + "/..%2fspam.whl",
        "/project/unknown/",
        "/uploads/",
        "/withheld/packages/",
        "/logs/" + "0" * 32 + ".log.gz",
        "/index.html",
        "/-/json",
        "/-/channel",
        "/provenance/keys/",
    ],
)
def test_what_is_not_there_is_a_tiny_404(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    if "%00" in path and is_nginx(client):
        # nginx refuses a NUL before it looks at anything else.
        assert answer.status_code == 400
        return
    assert answer.status_code == 404
    assert len(answer.content) < 100
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("end", ["", ".metadata", ".provenance"])
def test_files_never_change_and_come_in_parts(client: httpx2.Client, yard: Yard, end: str) -> None:
    path = "/" + wheel_of(yard, "spam-eggs")["url"].replace("../", "") + end
    data = yard.store.get(path.strip("/"))
    answer, body = raw(client, path, Accept_Encoding="gzip, zstd")
    assert (answer.status_code, body) == (200, data)
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    types = {"": "application/octet-stream", ".provenance": "application/json"}
    assert answer.headers["Content-Type"] == types.get(end, "text/plain; charset=utf-8")
    head = client.head(path)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(data)))
    part, piece = raw(client, path, Range="bytes=10-19")
    assert (part.status_code, piece) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    etag = answer.headers["ETag"]
    assert raw(client, path, Range="bytes=10-", If_Range=etag)[1] == data[10:]
    assert raw(client, path, Range="bytes=10-", If_Range='"another"')[1] == data
    assert raw(client, path, Range=f"bytes={len(data)}-")[0].status_code == 416
    assert raw(client, path, If_None_Match=etag)[0].status_code == 304


def test_a_file_is_handed_over_and_checked(client: httpx2.Client) -> None:
    told = client.post("/api/v1/check", params={"target": BOOKWORM}, content="spam.eggs\n" * 9)
    assert [one["outcome"] for one in told.json()["requirements"]] == ["wheel"] * 9
    assert client.post("/api/v1/check", content="spam").status_code == 422
    large = client.post("/api/v1/check", params={"target": BOOKWORM}, content=b"x" * 2**20 + b"x")
    assert (large.status_code, large.json()["error"]) == (413, "UploadRefused")
    page = client.post("/check", data={"target": BOOKWORM}, files={"file": ("r.txt", b"ham")})
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert "Everything installs from wheels" in page.text
    for path in ("/check", "/clients"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, TEXT)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_caches_are_told_where_the_answer_depends_on_the_installer(client: httpx2.Client) -> None:
    chosen = ["Accept", "Accept-Encoding"]
    for path, told in (("/simple/ham/", [*chosen, "User-Agent"]), ("/trixie/simple/ham/", chosen)):
        answer = client.get(path, headers={"Accept": PIP})
        assert (answer.status_code, answer.headers.get_list("Vary")) == (200, [", ".join(told)])


def test_a_page_that_is_known_is_not_sent_again(client: httpx2.Client) -> None:
    first, _ = raw(client, "/bookworm/simple/spam-eggs/", Accept=PIP)
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    again, body = raw(client, "/bookworm/simple/spam-eggs/", Accept=PIP, If_None_Match=etag)
    assert (again.status_code, body) == (304, b"")
    assert again.headers["Cache-Control"] == "max-age=300"
    html, _ = raw(client, "/bookworm/simple/spam-eggs/", Accept=HTML, If_None_Match=etag)
    assert html.status_code == 200


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", TEXT),
        ("/stats/", TEXT),
        ("/stats/index.json", "application/json"),
        ("/project/spam-eggs/", TEXT),
        ("/project/spam-eggs/index.json", "application/json"),
        ("/provenance/keys.json", "application/json"),
    ],
)
def test_pages_of_one_form_have_their_type_and_may_be_kept(
    client: httpx2.Client, path: str, content_type: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.headers["Cache-Control"] == "max-age=300"
    assert ("Content-Security-Policy" in answer.headers) == (content_type == TEXT)


def test_what_is_dynamic_is_answered_too(client: httpx2.Client, yard: Yard) -> None:
    build = json.loads(yard.store.get("project/ham/index.json"))["builds"][0]["id"]
    assert client.get("/health").text == "ok\n"
    assert client.get(f"/build/{build}/").status_code == 200
    assert client.get(f"/logs/{build}.log").text == "all is well\n"
    assert client.get("/static/style.css").headers["Content-Type"].startswith("text/css")
    assert client.post("/api/v1/claim", json={}).status_code in {401, 404}
    assert client.post("/bookworm/simple/ham/").status_code == 405


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip, zstd;q=0", "gzip"),
        ("br", None),
        ("", None),
        ("zstandard", None),
    ],
)
@pytest.mark.parametrize("accept", [PIP, BROWSER])
def test_pages_come_compressed_as_they_were_stored(
    client: httpx2.Client, yard: Yard, accept: str, accepted: str, encoding: str | None
) -> None:
    answer, body = raw(client, "/bookworm/simple/ham/", Accept=accept, Accept_Encoding=accepted)
    plain = yard.store.get(f"bookworm/simple/ham/index.{'json' if accept == PIP else 'html'}")
    assert answer.headers.get("Content-Encoding") == encoding
    assert unpacked(body, encoding) == plain
    assert answer.headers["Content-Type"] == (JSON if accept == PIP else TEXT)
    assert "Accept-Encoding" in ", ".join(answer.headers.get_list("Vary"))


def test_pages_that_are_stored_plain_only_come_plain(client: httpx2.Client, yard: Yard) -> None:
    yard.store.delete("bookworm/simple/spam-eggs/index.json.zst")
    yard.store.delete("bookworm/simple/spam-eggs/index.json.gz")
    answer, body = raw(
        client, "/bookworm/simple/spam-eggs/", Accept=PIP, Accept_Encoding="gzip, zstd"
    )
    assert "Content-Encoding" not in answer.headers
    assert json.loads(body)["name"] == "spam-eggs"


@pytest.mark.parametrize("path", ["simple/", "simple/ham/", "overlay/simple/ham/"])
def test_an_installer_that_tells_its_release_is_sent_to_its_channel(
    client: httpx2.Client, path: str
) -> None:
    answer, _ = raw(client, f"/{path}", Accept=PIP, User_Agent=PIP_ON_TRIXIE)
    assert answer.status_code == 302
    location = answer.headers["Location"].removeprefix(str(client.base_url).rstrip("/"))
    assert location == f"/trixie/{path}"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "agent", ["", "pip/26.0", PIP_ON_TRIXIE.replace("trixie", "sid"), 'pip {"id":"trixie"}']
)
def test_anybody_else_gets_what_fits_all_releases(client: httpx2.Client, agent: str) -> None:
    assert raw(client, "/simple/ham/", Accept=PIP, User_Agent=agent)[0].status_code == 200
    assert raw(client, "/simple/spam-eggs/", Accept=PIP)[0].status_code == 404


def test_the_overlay_leads_to_upstream_where_it_has_no_page(
    client: httpx2.Client, yard: Yard
) -> None:
    page = b'{"meta":{"api-version":"1.4"},"name":"ham","files":[]}'
    for index in ("overlay/simple/ham", "trixie/overlay/simple/ham"):
        yard.store.put(f"{index}/index.json", page)
    assert raw(client, "/overlay/simple/ham/", Accept=PIP)[1] == page
    assert raw(client, "/trixie/overlay/simple/ham/", Accept=PIP)[1] == page
    for path in ("/overlay/simple/spam-eggs/", "/trixie/overlay/simple/spam-eggs/"):
        answer, _ = raw(client, path, Accept=PIP)
        location = "https://index.example.org/simple/spam-eggs/"
        assert (answer.status_code, answer.headers["Location"]) == (302, location)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([JSON, HTML, "text/html", "*/*", "application/*", "text/*", "a/b"]),
            st.sampled_from(["", ";q=1", ";q=0.9", "; q=0.5", ";q=0.1", ";q=0", ";x=1;q=0.3"]),
        ),
        unique_by=lambda each: each[0],
        max_size=5,
    )
)
def test_nginx_chooses_as_our_own_process_does(
    nginx: Served, accepted: list[tuple[str, str]]
) -> None:
    header = ", ".join(kind + quality for kind, quality in accepted)
    answer = httpx2.get(f"{nginx.url}bookworm/simple/ham/", headers={"Accept": header})
    assert answer.headers["Content-Type"].split(";")[0] == simple_type(header).value


@pytest.fixture(params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, nginx: Served, caddy: Served) -> Served:
    return {"nginx": nginx, "caddy": caddy}[request.param]


def test_the_log_is_counted(front: Served, yard: Yard, tmp_path: Path) -> None:
    wheel = wheel_of(yard, "ham")["url"].replace("../", "")
    with _client(front.url) as client:
        for _ in range(3):
            raw(client, f"/{wheel}", User_Agent=PIP_ON_TRIXIE)
        raw(client, f"/{wheel}", User_Agent=PIP_ON_TRIXIE, Range="bytes=5-")
        raw(client, f"/{wheel}.metadata", User_Agent=PIP_ON_TRIXIE)
    engine = connect(f"sqlite:///{tmp_path / 'wheelyard.sqlite'}")
    deadline = time.monotonic() + 300
    # nginx writes its log every second.
    while f"{wheel}.metadata" not in front.log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    variables = {"DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "wheelyard", "downloads", "count", "--json", front.log],
        env={**os.environ, **{f"WHEELYARD_{key}": value for key, value in variables.items()}},
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["rejected"] == 0
    with reading(engine) as connection:
        found = statistics(connection, today=SystemClock().now().date())
    assert found.shares[Dimension.INSTALLER] == (Share(value="pip 26.0", downloads=3),)
    assert found.requests[RequestKind.METADATA][ClientClass.INSTALLER] == 1
    engine.dispose()


@pytest.fixture(scope="module")
def over_a_bucket(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("bucket")
    nginx = program("nginx", folder / "package")
    with (
        bucket_of(yard) as bucket,
        behind_nginx(yard, nginx, folder / "run", bucket=bucket) as served,
    ):
        yield served


@pytest.mark.parametrize(
    ("path", "headers", "content_type", "encoding"),
    [
        ("/bookworm/simple/ham/", {"Accept": PIP}, JSON, None),
        ("/bookworm/simple/ham/", {"Accept": BROWSER}, TEXT, None),
        ("/bookworm/simple/ham/", {"Accept": PIP, "Accept-Encoding": "zstd"}, JSON, "zstd"),
        ("/bookworm/simple/ham/", {"Accept": HTML, "Accept-Encoding": "gzip"}, HTML, "gzip"),
        ("/bookworm/simple/", {"Accept": PIP, "Accept-Encoding": "zstd"}, JSON, None),
        ("/project/ham/", {}, TEXT, None),
        ("/provenance/keys.json", {}, "application/json", None),
    ],
)
def test_pages_come_from_a_bucket_with_our_headers(
    over_a_bucket: Served,
    path: str,
    headers: dict[str, str],
    content_type: str,
    encoding: str | None,
) -> None:
    with _client(over_a_bucket.url) as client, client.stream("GET", path, headers=headers) as got:
        body = unpacked(b"".join(got.iter_raw()), encoding)
        assert (got.status_code, got.headers.get_list("Content-Type")) == (200, [content_type])
        assert got.headers.get("Content-Encoding") == encoding
        assert got.headers.get_list("Cache-Control") == ["max-age=300"]
        assert body.startswith(b"{" if "json" in content_type else b"<!DOCTYPE html>")


def test_wheels_come_from_a_bucket_and_what_it_lacks_is_told(
    over_a_bucket: Served, yard: Yard
) -> None:
    wheel = wheel_of(yard, "ham")["url"].replace("../", "")
    with _client(over_a_bucket.url) as client:
        answer = client.get(f"/{wheel}")
        assert (answer.status_code, answer.content) == (200, yard.store.get(wheel))
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer.headers["Cache-Control"]
        for path in ("/bookworm/simple/none/", f"/{wheel}x", "/project/none/"):
            answer = client.get(path, headers={"Accept": PIP, "Accept-Encoding": "zstd"})
            assert (answer.status_code, answer.text) == (404, "Not found\n")
        answer = client.get("/trixie/overlay/simple/none/", headers={"Accept-Encoding": "gzip"})
        location = "https://index.example.org/simple/none/"
        assert (answer.status_code, answer.headers["Location"]) == (302, location)
        assert client.get("/health").status_code == 200
