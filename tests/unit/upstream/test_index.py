"""Reading an index over HTTP, against a real server that fails where it is told to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from fake_upstream import UPLOADED_AT, FakeUpstream, Fault
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.errors import InvalidPage, InvalidSetting, UnknownProject, UpstreamUnavailable
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.upstream import index
from wheelyard.upstream.index import ACCEPT, Upstream

DEMO = parse_project_name("my-demo")
SDIST = "my_demo-1.0.tar.gz"


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        yield client


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        fill(fake)
        yield fake


def fill(fake: FakeUpstream) -> None:
    fake.add_project("My.Demo", summary="A demo")
    fake.add_file("my-demo", b"sdist", SDIST, requires_python=">=3.9", yanked="broken")


def expected(fake: FakeUpstream, **fields: object) -> ProjectPage:
    file = fake.projects["my-demo"].files[SDIST]
    return replace(
        ProjectPage(
            name=DEMO,
            files=(
                UpstreamFile(
                    filename=Filename(SDIST),
                    url=fake.root + file.path,
                    hashes={"sha256": file.sha256},
                    size=5,
                    requires_python=">=3.9",
                    yanked=True,
                    yanked_reason="broken",
                    uploaded_at=UPLOADED_AT,
                ),
            ),
            serial=int(fake.projects[DEMO].serial),
            display_name="My.Demo",
            summary="A demo",
        ),
        **fields,  # type: ignore[arg-type] # a factory
    )


def test_a_json_page_is_read_with_one_request(fake: FakeUpstream, client: httpx2.Client) -> None:
    page = Upstream(client, fake.url).project_page(DEMO)

    (file,) = expected(fake).files
    assert page == expected(
        fake, files=(replace(file, core_metadata=False),), display_name=None, summary=None
    )
    assert [request.path for request in fake.requests] == ["/simple/my-demo/"]
    assert fake.requests[0].headers["accept"] == ACCEPT


@pytest.mark.parametrize("bare_html", [False, True])
def test_a_page_in_html_is_filled_in_from_the_details(
    client: httpx2.Client, *, bare_html: bool
) -> None:
    with FakeUpstream(serves_json=False, bare_html=bare_html) as fake:
        fill(fake)
        assert Upstream(client, fake.url).project_page(DEMO) == expected(fake)
        assert len(fake.requests) == 2


def test_an_index_without_details_is_read_all_the_same(client: httpx2.Client) -> None:
    with FakeUpstream(serves_json=False, has_details=False) as fake:
        fill(fake)
        page = Upstream(client, fake.url).project_page(DEMO)
        (file,) = expected(fake).files
        assert page == expected(
            fake, files=(replace(file, size=None),), display_name=None, summary=None
        )


def test_an_index_without_details_is_asked_for_them_once_an_hour(client: httpx2.Client) -> None:
    clock = SettableClock()
    with FakeUpstream(serves_json=False, has_details=False) as fake:
        fill(fake)
        upstream = Upstream(client, fake.url, clock=clock)
        upstream.project_page(DEMO)
        upstream.project_page(DEMO)
        assert len(fake.seen(fake.details_path("my-demo"))) == 1

        clock.advance(timedelta(hours=1))
        upstream.project_page(DEMO)
        assert len(fake.seen(fake.details_path("my-demo"))) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=429, retry_after="5"),
        Fault(reset=True),
        Fault(body=b"garbage"),
        Fault(truncated_to=20),
    ],
)
def test_details_that_fail_do_not_fail_the_page(client: httpx2.Client, fault: Fault) -> None:
    with FakeUpstream(serves_json=False) as fake:
        fill(fake)
        fake.fail(fake.details_path("my-demo"), fault)
        assert Upstream(client, fake.url).project_page(DEMO).files[0].size is None


def test_links_are_resolved_against_the_address_that_answered(
    fake: FakeUpstream, client: httpx2.Client
) -> None:
    moved = {"files": [{"filename": SDIST, "url": "../x/" + SDIST, "size": 1}]}
    fake.fail("/simple/my-demo/", Fault(redirect_to="/mirror/deep/my-demo/"))
    fake.fail(
        "/mirror/deep/my-demo/",
        Fault(status=200, body=json.dumps(moved).encode(), content_type="application/json"),
    )
    page = Upstream(client, fake.url).project_page(DEMO)
    assert [file.url for file in page.files] == [f"{fake.root}/mirror/deep/x/{SDIST}"]


def test_an_address_without_a_slash_is_the_same_index(
    fake: FakeUpstream, client: httpx2.Client
) -> None:
    upstream = Upstream(client, fake.url.rstrip("/"))
    assert upstream.url == fake.url
    assert upstream.project_page(DEMO).name == DEMO


@pytest.mark.parametrize(
    "url", ["file:///srv/simple/", "ftp://example.org/", "simple/", "https://", "https://[::1"]
)
def test_an_index_must_be_on_the_web(client: httpx2.Client, url: str) -> None:
    with pytest.raises(InvalidSetting):
        Upstream(client, url)


def test_credentials_are_sent_and_shown_nowhere(fake: FakeUpstream, client: httpx2.Client) -> None:
    upstream = Upstream(client, fake.url.replace("//", "//user:s%40cret@"))
    page = upstream.project_page(DEMO)
    sent = fake.requests[0].headers["authorization"]
    fake.fail("/simple/my-demo/", Fault(status=401))
    with pytest.raises(UpstreamUnavailable, match="user name and a password") as caught:
        upstream.project_page(DEMO)

    assert sent == "Basic dXNlcjpzQGNyZXQ="
    assert "cret" not in f"{page}{upstream.url}{caught.value}{caught.value.args}"


def test_credentials_do_not_follow_a_redirect_to_another_host(
    fake: FakeUpstream, client: httpx2.Client
) -> None:
    with FakeUpstream() as elsewhere:
        fake.fail("/simple/my-demo/", Fault(redirect_to=elsewhere.url + "my-demo/"))
        with pytest.raises(UnknownProject):
            Upstream(client, fake.url.replace("//", "//user:secret@")).project_page(DEMO)
        assert "authorization" not in elsewhere.requests[0].headers


def test_an_address_with_a_password_that_is_wrong_does_not_show_it(client: httpx2.Client) -> None:
    with pytest.raises(InvalidSetting) as caught:
        Upstream(client, "file://user:secret@example.org/simple/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [404, 410])
def test_an_unknown_project_is_told_from_a_failure(
    fake: FakeUpstream, client: httpx2.Client, status: int
) -> None:
    fake.fail("/simple/my-demo/", Fault(status=status))
    with pytest.raises(UnknownProject, match="my-demo"):
        Upstream(client, fake.url).project_page(DEMO)


NOW = SettableClock().now()


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "7", 7.0),
        (429, None, 30.0),
        (429, "soon", 30.0),
        (429, "99999999999999999999", 86400.0),
        (429, "-5", 30.0),
        (503, "Mon, 23 Nov 2026 12:02:00 GMT", 120.0),
        (503, "Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        (503, "Mon, 23 Nov 2026 12:02:00", None),
        (503, None, None),
        (500, "3", 3.0),
        (502, None, None),
        (403, None, None),
        (204, None, None),
    ],
)
def test_a_failing_index_may_say_when_to_come_back(
    fake: FakeUpstream,
    client: httpx2.Client,
    status: int,
    retry_after: str | None,
    seconds: float | None,
) -> None:
    clock = SettableClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    fake.fail("/simple/my-demo/", Fault(status=status, retry_after=retry_after))
    with pytest.raises(UpstreamUnavailable, match=f"status {status}") as caught:
        Upstream(client, fake.url, clock=clock).project_page(DEMO)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reset=True),
        Fault(truncated_to=50),
        Fault(redirect_to="/simple/my-demo/"),
        Fault(redirect_to="file:///etc/passwd"),
        Fault(redirect_to="https://[::1"),
    ],
)
def test_a_broken_answer_is_a_failure_to_answer(
    fake: FakeUpstream, client: httpx2.Client, fault: Fault
) -> None:
    fake.fail("/simple/my-demo/", fault)
    with pytest.raises(UpstreamUnavailable, match="did not answer"):
        Upstream(client, fake.url).project_page(DEMO)


def test_a_hanging_server_is_a_failure_to_answer(fake: FakeUpstream) -> None:
    fake.fail("/simple/my-demo/", Fault(bytes_per_pause=1, pause_seconds=60))
    with (
        http_client(contact="", timeout=timedelta(seconds=0.2)) as impatient,
        pytest.raises(UpstreamUnavailable, match="ReadTimeout"),
    ):
        Upstream(impatient, fake.url).project_page(DEMO)


def test_a_server_that_is_gone_is_a_failure_to_answer(client: httpx2.Client) -> None:
    with FakeUpstream() as fake:
        url = fake.url
    with pytest.raises(UpstreamUnavailable, match="ConnectError"):
        Upstream(client, url).project_page(DEMO)


def test_half_a_page_of_html_is_noticed_without_a_length(client: httpx2.Client) -> None:
    with FakeUpstream(serves_json=False) as fake:
        fill(fake)
        fake.add_file("my-demo", b"more", "my_demo-2.0.tar.gz")
        upstream = Upstream(client, fake.url)
        fake.fail("/simple/my-demo/", Fault(without_length=True))
        assert len(upstream.project_page(DEMO).files) == 2

        fake.fail("/simple/my-demo/", Fault(without_length=True, truncated_to=500))
        with pytest.raises(UpstreamUnavailable, match="broken off"):
            upstream.project_page(DEMO)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(body=b"{garbage"),
        Fault(body=b'{"files": null}'),
        Fault(body=b""),
        Fault(content_type="application/octet-stream"),
        Fault(content_type="application/vnd.pypi.simple.v2+json"),
        Fault(content_type=""),
        Fault(content_type="text/html", body=b"<html><h1>Please sign in</h1></html>"),
        Fault(body=b'{"name": "other", "files": []}'),
    ],
)
def test_garbage_is_refused(fake: FakeUpstream, client: httpx2.Client, fault: Fault) -> None:
    fake.fail("/simple/my-demo/", fault)
    with pytest.raises(InvalidPage):
        Upstream(client, fake.url).project_page(DEMO)


def test_a_giant_page_is_refused(
    fake: FakeUpstream, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_MAX_PAGE_BYTES", 100)
    with pytest.raises(InvalidPage, match="larger than 100 bytes"):
        Upstream(client, fake.url).project_page(DEMO)


@pytest.mark.parametrize("serves_json", [True, False])
def test_a_quarantine_is_read(client: httpx2.Client, *, serves_json: bool) -> None:
    with FakeUpstream(serves_json=serves_json) as fake:
        fill(fake)
        fake.set_status("my-demo", "quarantined", reason="malware")
        page = Upstream(client, fake.url).project_page(DEMO)
        assert (page.status, page.status_reason) == (ProjectStatus.QUARANTINED, "malware")
