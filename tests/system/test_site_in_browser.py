"""The site in a real browser: whether people can read it, use it, and watch a build."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from browsing import browsing, grave_findings
from serving import serving
from wheelyard.database import builders, builds
from wheelyard.database.engine import writing
from wheelyard.model.build import Failure, FailureKind, Verdict
from wheelyard.publish.failures import FailurePages
from wheelyard.publish.statistics import StatisticsPages
from yard import BOOKWORM, TRIXIE, Yard, make_yard

pytestmark = pytest.mark.system

HOSTILE = "\"'><img src=x onerror='window.hacked=1'><script>window.hacked=1</script>&amp;</pre>"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
MOST_BYTES = 100_000
MOST_REQUESTS = 8
GROUNDS = {"light": "rgb(245, 247, 244)", "dark": "rgb(16, 21, 19)"}
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


@dataclass
class Site:
    """A served yard: `url` with a slash at its end, and the builds that pages are about."""

    yard: Yard
    url: str
    running: str
    failed: str
    built: str

    @property
    def paths(self) -> dict[str, str]:
        """One page of each kind."""
        return {
            "home": "",
            "project": "project/spam/",
            "hostile project": "project/eggs/",
            "running build": f"build/{self.running}/",
            "failed build": f"build/{self.failed}/",
            "built": f"build/{self.built}/",
            "queue": "queue/",
            "builders": "builders/",
            "failures": "failures/",
            "statistics": "stats/",
            "check": "check",
            "clients": "clients",
            "search": "search/?q=spam",
            "version": "project/spam/1.0/",
            "interface": "api/",
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yard = make_yard(tmp_path_factory.mktemp("site"))
    yard.activate(BOOKWORM, TRIXIE)
    yard.project("spam", versions=("1.0", "2.0", "3.0"), summary="Eggs, bacon and spam")
    wheel = yard.publish("spam")
    yard.decide("spam", verdict=Verdict.BUILT, reason="We made a wheel.")
    yard.project("eggs", summary=HOSTILE)
    failed = yard.build("eggs")
    failure = Failure(
        kind=FailureKind.MISSING_SYSTEM_PACKAGE,
        message=f"The header {HOSTILE} is not there",
        subject=HOSTILE,
        evidence=(f"eggs.c:1:10: fatal error: {HOSTILE}: No such file or directory",),
    )
    quiet = b"gcc -c eggs.c -o eggs.o\n" * 20_000
    line = (
        f"\x1b[1meggs.c:1:10: fatal error: {HOSTILE}: No such file or directory\x1b[0m\n".encode()
    )
    yard.clock.advance(timedelta(seconds=75))
    yard.end(failed, failure=failure, log=quiet + line + quiet)
    yard.decide("eggs", verdict=Verdict.FAILED, reason=f"It failed: {HOSTILE}")
    yard.decide("spam", version="2.0", reason="There is no wheel yet.")
    running = yard.build("spam", version="2.0")
    yard.job("spam", version="3.0", target=TRIXIE)
    with writing(yard.engine) as connection:
        [board] = [one for one in builders.all_builders(connection) if one.name == "board3"]
        told = {"machine": HOSTILE, "processors": 4, "memory_bytes": 2**30, "targets": [BOOKWORM]}
        builders.touch_builder(connection, board.id, at=yard.clock.now(), capabilities=told)
        builds.append_log(connection, running, offset=0, data=f"hello {HOSTILE}\n".encode())
    yard.publisher.tick()
    FailurePages(yard.engine, store=yard.store, server_url=yard.settings.server_url).tick()
    StatisticsPages(
        yard.engine,
        store=yard.store,
        clock=yard.clock,
        settings=yard.settings.downloads,
        server_url=yard.settings.server_url,
    ).tick()
    with serving(yard) as url:
        yield Site(yard=yard, url=url, running=running, failed=failed, built=wheel.build_id)
    yard.engine.dispose()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def opened(context: BrowserContext, url: str) -> tuple[Page, list[Response], list[str]]:
    """Open a page, and return it with what was loaded for it, and what the browser complains of.

    What scripts ask for later, as long as a page is open, is left out.
    """
    page = context.new_page()
    loaded: list[Response] = []
    complaints: list[str] = []

    def note(response: Response) -> None:
        if response.request.resource_type != "fetch":
            loaded.append(response)

    page.on("response", note)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page, loaded, complaints


@pytest.mark.parametrize(
    "name",
    [
        "home",
        "project",
        "hostile project",
        "running build",
        "failed build",
        "built",
        "queue",
        "builders",
        "failures",
        "statistics",
        "check",
        "clients",
        "search",
        "version",
        "interface",
    ],
)
def test_a_page_suits_everybody(
    site: Site, browser: Browser, name: str, request: pytest.FixtureRequest
) -> None:
    for viewport, scheme in ((DESK, "light"), (PHONE, "dark")):
        context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
        page, loaded, complaints = opened(context, site.url + site.paths[name])
        assert grave_findings(page) == []
        assert complaints == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], "the page is wider than the window"
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img:not([src^='../../badge/'])").count() == 0
        assert {urlsplit(one.url).netloc for one in loaded} == {urlsplit(site.url).netloc}
        assert len(loaded) <= MOST_REQUESTS
        size = sum(len(one.body()) for one in loaded if one.status == 200)
        assert size < MOST_BYTES
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == GROUNDS[scheme]
        figures = (size, len(loaded), page.evaluate(FIRST_PAINT))
        request.node.user_properties.append(
            (f"{scheme}: bytes, requests, first paint in ms", figures)
        )
        context.close()


def test_a_running_build_is_followed_through_an_outage_to_its_end(site: Site, page: Page) -> None:
    yard = site.yard
    yard.project("ham")
    build_id = yard.build("ham")
    say(yard, build_id, "first\n")
    log, state = page.locator("#log"), page.locator("#log-state")
    with serving(yard) as url:
        page.goto(f"{url}build/{build_id}/")
        expect(log).to_have_text("first")
        say(yard, build_id, f"second {HOSTILE}\nthi")
        expect(log).to_contain_text("second")
        port = urlsplit(url).port
    expect(state).to_have_text("The server does not answer; trying again.")
    say(yard, build_id, "rd \x1b[1mbold\x1b[0m\n")
    with serving(yard, port=port or 0):
        expect(log).to_contain_text("third bold", timeout=20_000)
        assert log.inner_text().splitlines() == ["first", f"second {HOSTILE}", "third bold"]
        failure = Failure(kind=FailureKind.TIMEOUT, message="It took too long.")
        yard.end(build_id, failure=failure, log=b"first\nsecond\nthird\n")
        expect(page.locator(".why")).to_have_text("It took too long.", timeout=20_000)
        expect(page.locator(".badge").first).to_have_text("failed")
    assert page.evaluate("window.hacked") is None


def say(yard: Yard, build_id: str, text: str) -> None:
    """Have a build's builder send more of its log."""
    with writing(yard.engine) as connection:
        start = builds.log_size(connection, build_id)
        builds.append_log(connection, build_id, offset=start, data=text.encode())


def test_the_grid_shows_what_there_is_and_leads_to_the_build(site: Site, page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(site.url + site.paths["project"])
    grid = page.locator("table.grid")
    rows = grid.locator("tbody tr")
    assert [row.split()[:2] for row in rows.all_inner_texts()] == [
        ["2.0", "building"],
        ["1.0", "wheel"],
    ]
    grid.get_by_role("link", name="building").click()
    expect(page.locator("#log")).to_contain_text("hello")


def test_projects_are_found_as_one_types_and_by_the_form(site: Site, page: Page) -> None:
    page.goto(site.url)
    page.locator("#q").press_sequentially("spma")
    expect(page.locator("#found a[href$='/project/spam/']")).to_be_visible()
    page.locator("#find").fill("eggs")
    page.locator("#find").press("Enter")
    expect(page).to_have_url(f"{site.url}search/?q=eggs")
    expect(page.locator("#results a[href$='project/eggs/']").first).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_every_link_of_a_full_site_answers(site: Site) -> None:
    seen: set[str] = set()
    todo = ["/"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = site.yard.client.get(path)
        assert answer.status_code in {200, 301}, path
        found: list[str] = []
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            found = re.findall(r'(?:href|src|action|data-log)="([^"]*)"', answer.text)
        elif answer.status_code == HTTPStatus.MOVED_PERMANENTLY:
            found = [answer.headers["Location"]]
        links = [urlsplit(urljoin(f"http://here{path}", html.unescape(one))) for one in found]
        todo += [f"{one.path}?{one.query}" for one in links if one.netloc == "here"]
    for path in site.paths.values():
        assert f"/{path}?" in seen or not path or "?" in path


def test_a_failed_build_shows_the_line_that_tells_why(site: Site, page: Page) -> None:
    page.goto(site.url + site.paths["failed build"])
    mark = page.locator("mark")
    expect(mark).to_have_count(1)
    expect(mark).not_to_be_in_viewport()
    page.get_by_role("link", name="See it in the log").click()
    expect(mark).to_be_in_viewport()
    assert mark.inner_text() == f"eggs.c:1:10: fatal error: {HOSTILE}: No such file or directory"
    assert "lines are left out here" in page.locator(".cut").first.inner_text()
    assert "wheelyard reproduce eggs==1.0" in page.locator("pre[data-copy]").inner_text()


def test_without_scripts_a_build_can_be_watched_by_loading_it_again(
    site: Site, browser: Browser
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.url + site.paths["running build"])
    assert page.locator("#log").inner_text() == f"hello {HOSTILE}\n"
    say(site.yard, site.running, "more\n")
    page.get_by_role("link", name="Load the page again").click()
    assert page.locator("#log").inner_text() == f"hello {HOSTILE}\nmore\n"
    for path in ("", "queue/", "project/spam/"):
        page.goto(site.url + path)
        assert page.locator("main a").count()
    context.close()


def test_the_queue_is_kept_fresh(site: Site, page: Page) -> None:
    page.clock.install()
    page.goto(f"{site.url}queue/")
    site.yard.project("bacon", summary=None)
    expect(page.locator("main")).not_to_contain_text("bacon")
    site.yard.job("bacon")
    page.clock.run_for(11_000)
    expect(page.locator("main")).to_contain_text("bacon")


def test_the_keyboard_suffices_and_commands_can_be_copied(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.url}failures/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    button = page.get_by_role("button", name="Copy")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("wheelyard reproduce eggs==1.0 --target ")
