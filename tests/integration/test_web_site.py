"""What people find, are told and ask for on the site."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from factories import project_page, upstream_file
from wheelyard.database import decisions, pages, projects, releases
from wheelyard.database.engine import reading, writing
from wheelyard.model.build import Failure, FailureKind, Verdict
from wheelyard.model.names import parse_project_name
from wheelyard.model.plan import Ruling
from wheelyard.settings import Settings, SiteSettings
from yard import BOOKWORM, TRIXIE, Yard, make_yard

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Spam has a wheel, a failure and a job that waits; eggs are hostile."""
    yard = make_yard(tmp_path_factory.mktemp("yard"))
    yard.activate(BOOKWORM, TRIXIE)
    yard.project("spam", versions=("1.0", "2.0", "3.0"), summary="Bacon")
    yard.publish("spam", version="1.0")
    yard.decide("spam", version="1.0", verdict=Verdict.BUILT, reason="We made a wheel.")
    failure = Failure(kind=FailureKind.COMPILE_ERROR, message=HOSTILE, evidence=(HOSTILE,))
    yard.end(yard.build("spam", version="2.0"), failure=failure)
    yard.decide("spam", version="2.0", verdict=Verdict.FAILED, reason=HOSTILE)
    yard.job("spam", version="3.0")
    yard.decide("spam", version="3.0")
    yard.decide("spam", version="3.0", target=TRIXIE, verdict=Verdict.SKIPPED, reason="Too big.")
    yard.project("eggs", summary=HOSTILE)
    yard.decide("eggs", verdict=Verdict.COVERED_UPSTREAM, reason=HOSTILE)
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


def page(yard: Yard, path: str, *, status: int = 200) -> str:
    answer = yard.client.get(path, headers=BROWSER)
    assert answer.status_code == status, path
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert HOSTILE not in answer.text
    return answer.text


def test_the_grid_tells_of_each_version_and_target(yard: Yard) -> None:
    text = page(yard, "/project/spam/")
    for word in ("wheel", "failed", "waiting", "skipped", "compile-error"):
        assert f">{word}<" in text
    assert 'data-place="3.0 bookworm-cp311-x86_64"' in text
    assert "badge/spam.svg" in text


def test_a_version_tells_its_place_and_why_it_failed(yard: Yard) -> None:
    assert "Next in the queue" in page(yard, "/project/spam/3.0/")
    failed = page(yard, "/project/spam/2.0/")
    assert "Request a retry" in failed
    assert "&lt;script&gt;" in failed
    built = page(yard, "/project/spam/1.0/")
    assert "spam==1.0" in built
    assert "Request a" not in built


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/project/Spam/1.0/", "/project/spam/1.0/"),
        ("/project/spam/1.0", "/project/spam/1.0/"),
        ("/project/spam/v01.0/", "/project/spam/1.0/"),
        ("/project/spam/1.0.0/", "/project/spam/1.0/"),
        ("/project/SPAM/versions", "/project/spam/versions/"),
        ("/project/SPAM/json", "/project/spam/json/"),
        ("/search?q=a+b", "/search/?q=a+b"),
    ],
)
def test_other_spellings_lead_to_the_page(yard: Yard, path: str, expected: str) -> None:
    answer = yard.client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (301, expected)


def test_search_finds_and_forgives(yard: Yard) -> None:
    for text in ("spam", "spma", "SPA", "sp"):
        assert 'href="../project/spam/"' in page(yard, f"/search/?q={text}")
    assert "&lt;script&gt;" in page(yard, "/search/?q=eggs")
    nothing = page(yard, f"/search/?q={HOSTILE.replace('&', '%26')}")
    assert "No project of a name like" in nothing


def test_what_is_not_there_suggests_names(yard: Yard) -> None:
    text = page(yard, "/project/spamm/", status=404)
    assert 'href="/project/spam/"' in text
    assert "Request a build of spamm" in text
    assert 'href="/project/spam/"' in page(yard, "/project/spam/9.9/", status=404)
    assert 'href="/project/spam/"' in page(yard, "/packages-of/spma", status=404)
    page(yard, "/project/%3Cscript%3E/", status=404)
    assert yard.client.get("/api/v1/spam", headers=BROWSER).json()["error"] == "NotFound"


def test_the_names_are_missing_without_a_database_but_the_answer_is_not(tmp_path: Path) -> None:
    yard = make_yard(tmp_path)
    with yard.without_database():
        assert yard.client.get("/project/spam/", headers=BROWSER).status_code == 404
    yard.engine.dispose()


def test_examples_of_the_interface_work(yard: Yard) -> None:
    text = page(yard, "/api/")
    links = [piece.partition('"')[0] for piece in text.split('href="../')[1:]]
    calls = [link for link in links if link.startswith("api/v1/")]
    shown = {call.partition("?")[0] for call in calls}
    for call in calls:
        if call not in {"api/v1/failures", "api/v1/statistics"}:
            assert yard.client.get(f"/{call}").status_code == 200, call
    document = yard.client.get("/api/openapi.json").json()
    known = [
        path
        for path, methods in document["paths"].items()
        if path.startswith("/api/v1/") and "get" in methods
    ]
    assert len(shown) == len(known)


def test_piwheels_scripts_find_what_they_know(yard: Yard) -> None:
    document = yard.client.get("/project/spam/json/").json()
    assert document["package"] == "spam"
    assert set(document["releases"]) == {"1.0", "2.0", "3.0"}
    ((filename, file),) = document["releases"]["1.0"]["files"].items()
    assert filename == "spam-1.0-cp311-cp311-linux_x86_64.whl"
    assert (file["builder_abi"], file["platform"]) == ("cp311", "linux_x86_64")
    assert document["releases"]["3.0"]["skip_reason"] == "Too big."
    assert yard.client.get(file["url"].removeprefix("http://yard.example.org")).status_code == 200


def test_the_first_page_tells_what_there_is(yard: Yard) -> None:
    text = page(yard, "/")
    for label, number in {"Projects": 1, "Wheels": 1, "In the queue": 1, "Being built": 0}.items():
        assert f"<dt>{label}</dt><dd>{number}</dd>" in text
    assert "Most wanted, and missing" in text
    assert "poetry" in text


def test_the_first_page_is_written_again_when_only_figures_change(tmp_path: Path) -> None:
    yard = make_yard(tmp_path)
    yard.project()
    yard.publisher.tick()
    assert "<dt>In the queue</dt><dd>0</dd>" in page(yard, "/")
    yard.job()
    yard.clock.advance(yard.settings.queue.lease)
    yard.publisher.tick()
    assert "<dt>In the queue</dt><dd>1</dd>" in page(yard, "/")
    yard.engine.dispose()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Yard]:
    """A yard where one address may ask for two builds an hour."""
    settings = Settings(
        data=tmp_path,
        public_url="http://yard.example.org/",
        site=SiteSettings(requests_per_hour=20),
    )
    yard = make_yard(tmp_path, settings=settings)
    yard.project("spam")
    yield yard
    yard.engine.dispose()


def wanted(yard: Yard) -> set[tuple[str, str | None]]:
    with reading(yard.engine) as connection:
        return {
            (want.project, None if want.version is None else str(want.version))
            for want in projects.wants(connection)
        }


def test_visitors_ask_for_builds_but_not_for_many(asking: Yard) -> None:
    asked = {"project": "Spam", "version": "1.0"}
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    first = asking.client.post("/ask", data=asked, headers=own)
    assert "was asked for" in first.text
    assert asking.client.post("/ask", data={"project": "New.Thing"}).status_code == 200
    assert wanted(asking) == {("spam", None), ("spam", "1.0"), ("new-thing", None)}
    again = asking.client.post("/ask", data={"project": "third"})
    assert (again.status_code, again.headers["Retry-After"]) == (429, "3600")
    refused = asking.client.post("/api/v1/projects/third/requests", json={})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")
    assert ("third", None) not in wanted(asking)


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"project": "<b>"}, {}, 422),
        ({"project": ""}, {}, 422),
        ({"project": "spam", "version": "x y"}, {}, 422),
        ({"project": "spam", "version": "99"}, {}, 422),
        ({"project": "spam"}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({"project": "spam"}, {"Origin": "https://elsewhere.example.org"}, 403),
        ({"project": "spam"}, {"Origin": "null"}, 403),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_costs_nothing(
    asking: Yard, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    assert asking.client.post("/ask", data=form, headers=headers).status_code == status
    assert wanted(asking) == {("spam", None)}
    assert asking.state.requests.grant("testclient")


def test_a_server_may_be_closed_for_requests(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, site=SiteSettings(requests_per_hour=0))
    yard = make_yard(tmp_path, settings=settings)
    assert yard.client.post("/ask", data={"project": "spam"}).status_code == 403
    assert "Visitors cannot ask" in page(yard, "/ask")
    yard.project("spam")
    yard.publisher.tick()
    assert "Request a build" not in page(yard, "/project/spam/")
    assert "Request a build of" not in page(yard, "/search/?q=spam")
    yard.engine.dispose()


def test_a_project_of_many_versions_has_small_pages(tmp_path: Path) -> None:
    yard = make_yard(tmp_path)
    versions = [f"{major}.{minor}" for major in range(3) for minor in range(100)]
    name = parse_project_name("many")
    files = [upstream_file(f"many-{version}.tar.gz") for version in versions]
    with writing(yard.engine) as connection:
        projects.save_page(connection, project_page(*files, name="many"), at=yard.clock.now())
    _decide_all(yard, versions)
    yard.publisher.tick()
    first = page(yard, "/project/many/")
    assert "All 300 versions" in first
    assert len(first) < 50_000
    assert len(page(yard, "/project/many/versions/?page=2")) < 100_000
    assert ">1.99</a>" in page(yard, "/project/many/versions/?page=2")
    assert ">2.0</a>" not in page(yard, "/project/many/versions/?page=2")
    assert yard.client.get("/project/many/versions/?page=4").status_code == 404
    assert yard.client.get("/project/many/versions/?page=x").status_code == 404
    rows = yard.client.get("/api/v1/projects/many/versions?start=290&limit=20").json()
    assert (len(rows["versions"]), rows["total"], rows["next"]) == (10, 300, None)
    assert rows["versions"][-1]["version"] == "0.0"
    assert len(json.loads(yard.client.get(f"/project/{name}/json/").content)["releases"]) == 300
    yard.engine.dispose()


def _decide_all(yard: Yard, versions: list[str]) -> None:
    name, at = parse_project_name("many"), yard.clock.now()
    with writing(yard.engine) as connection:
        number = releases.ensure_project(connection, name, at=at)
        known = releases.ensure_releases(connection, number, map(Version, versions), at=at)
        ruling: Ruling = (Verdict.COVERED_UPSTREAM, "Upstream has a wheel.")
        rulings = dict.fromkeys(((release, BOOKWORM) for release in known.values()), ruling)
        decisions.record_rulings(connection, rulings, at=at)
        pages.mark_page(connection, name)
