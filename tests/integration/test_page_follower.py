"""The follower between a real index and a real database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from fake_upstream import FakeUpstream, Fault
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.migrate import upgrade
from wheelyard.database.plans import projects_to_plan
from wheelyard.database.projects import project_overview, stored_page, want
from wheelyard.errors import UpstreamUnavailable
from wheelyard.model.names import Filename, ProjectName, parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile, Want
from wheelyard.settings import Settings, UpstreamSettings
from wheelyard.upstream.index import Upstream
from wheelyard.upstream.page_follower import PageFollower

POLL = timedelta(minutes=10)
SETTINGS = Settings(upstream=UpstreamSettings(poll=POLL))
SDIST = "demo-1.0.tar.gz"
DEMO = parse_project_name("demo")
OTHER = parse_project_name("other")


@dataclass
class Scene:
    """What the follower works with, and questions to ask of what it did."""

    fake: FakeUpstream
    engine: Engine
    clock: SettableClock
    client: httpx2.Client

    def follower(self) -> PageFollower:
        upstream = Upstream(self.client, self.fake.url, clock=self.clock)
        return PageFollower(self.engine, upstream, clock=self.clock, settings=SETTINGS)

    def want(self, *projects: ProjectName) -> None:
        for project in projects:
            with writing(self.engine) as connection:
                want(connection, Want(project=project), at=self.clock.now())

    def page(self, project: ProjectName = DEMO) -> ProjectPage:
        with reading(self.engine) as connection:
            page = stored_page(connection, project)
        assert page is not None
        return page

    def filenames(self, project: ProjectName = DEMO) -> list[str]:
        return [file.filename for file in self.page(project).files]

    def overview(self, project: ProjectName = DEMO) -> ProjectOverview:
        with reading(self.engine) as connection:
            overview = project_overview(connection, project)
        assert overview is not None
        return overview

    def reads(self, project: ProjectName = DEMO) -> int:
        return len(self.fake.seen(self.fake.page_path(project)))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    engine = connect(f"sqlite:///{tmp_path / 'test.sqlite'}")
    upgrade(engine)
    with (
        FakeUpstream() as fake,
        http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client,
    ):
        fake.add_file("demo", b"demo", SDIST)
        fake.add_file("other", b"other", "other-1.0.tar.gz")
        yield Scene(fake=fake, engine=engine, clock=SettableClock(), client=client)
    engine.dispose()


def test_a_wanted_project_is_read_and_saved_whole(scene: Scene) -> None:
    scene.want(DEMO)

    assert scene.follower().tick() == 1

    upstream = Upstream(scene.client, scene.fake.url)
    assert scene.page() == upstream.project_page(DEMO)
    assert scene.overview().read_at == scene.clock.now()


def test_what_was_read_is_planned(scene: Scene) -> None:
    scene.want(DEMO)
    scene.follower().tick()
    with reading(scene.engine) as connection:
        assert projects_to_plan(connection, limit=9) == [DEMO]


def test_a_project_that_nobody_wants_is_not_read(scene: Scene) -> None:
    scene.want(DEMO)
    scene.follower().tick()
    assert scene.reads(OTHER) == 0


def test_a_project_is_read_again_after_the_poll_time_and_no_sooner(scene: Scene) -> None:
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()

    scene.clock.advance(POLL)
    assert follower.tick() == 0
    scene.clock.advance(timedelta(seconds=1))
    assert follower.tick() == 1
    assert scene.reads() == 2


def test_what_changes_upstream_changes_here(scene: Scene) -> None:
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()
    scene.fake.remove("demo", SDIST)
    scene.fake.add_file("demo", b"new", "demo-2.0.tar.gz", yanked="bad")
    scene.fake.set_status("demo", "quarantined", reason="malware")

    scene.clock.advance(2 * POLL)
    follower.tick()

    page = scene.page()
    assert [(file.filename, file.yanked_reason) for file in page.files] == [
        ("demo-2.0.tar.gz", "bad")
    ]
    assert (page.status, page.status_reason) == (ProjectStatus.QUARANTINED, "malware")


def test_an_unknown_project_is_recorded_and_the_others_are_read(scene: Scene) -> None:
    missing = parse_project_name("missing")
    scene.want(missing, DEMO)

    assert scene.follower().tick() == 2

    assert scene.filenames() == [SDIST]
    assert scene.overview(missing).missing_since == scene.clock.now()
    assert scene.overview(missing).error is not None


def test_one_404_deletes_nothing(scene: Scene) -> None:
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404))
    scene.clock.advance(2 * POLL)
    follower.tick()
    assert scene.filenames() == [SDIST]
    assert scene.overview().removed_at is None


def test_a_second_404_at_once_deletes_nothing(scene: Scene) -> None:
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404))
    for _ in range(2):
        scene.want(DEMO)
        assert follower.tick() == 1
    assert scene.filenames() == [SDIST]


def test_a_second_404_minutes_later_is_a_deletion(scene: Scene) -> None:
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404))
    for _ in range(2):
        scene.clock.advance(2 * POLL)
        follower.tick()
    assert scene.filenames() == []
    assert scene.overview().removed_at == scene.clock.now()


def test_a_deleted_project_can_come_back(scene: Scene) -> None:
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404, times=2))
    for _ in range(3):
        scene.clock.advance(2 * POLL)
        follower.tick()
    assert scene.filenames() == [SDIST]
    assert scene.overview().removed_at is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=404, times=1),
        Fault(reset=True),
        Fault(truncated_to=100),
        Fault(body=b"{garbage"),
        Fault(body=b"{}"),
        Fault(content_type="text/html", body=b"<h1>Sign in</h1>"),
    ],
)
def test_a_project_that_fails_does_not_hold_up_the_others_nor_lose_its_files(
    scene: Scene, fault: Fault
) -> None:
    scene.want(DEMO, OTHER)
    follower = scene.follower()
    follower.tick()
    scene.fake.add_file("other", b"new", "other-2.0.tar.gz")
    scene.fake.fail(scene.fake.page_path("demo"), fault)

    scene.clock.advance(2 * POLL)
    while follower.tick():
        pass

    assert scene.filenames() == [SDIST]
    assert scene.filenames(OTHER) == ["other-1.0.tar.gz", "other-2.0.tar.gz"]
    assert scene.overview().error is not None


def test_a_project_that_fails_is_tried_again_later_and_later(scene: Scene) -> None:
    scene.want(DEMO)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=500))
    follower = scene.follower()
    waits = []
    for _ in range(11):
        assert follower.tick() == 1
        waits.append(_wait_for_the_next(scene, follower))

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def _wait_for_the_next(scene: Scene, follower: PageFollower) -> int:
    """Let time pass, as little as possible, until a project is due; return the seconds."""
    seconds = 0
    while not follower.due_projects():
        assert seconds or follower.tick() == 0
        scene.clock.advance(timedelta(seconds=10))
        seconds += 10
    return seconds


def test_a_success_ends_the_back_off(scene: Scene) -> None:
    scene.want(DEMO)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=500, times=3))
    follower = scene.follower()
    for _ in range(4):
        follower.tick()
        scene.clock.advance(timedelta(hours=1))
    assert scene.filenames() == [SDIST]
    assert scene.overview().error is None

    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=500))
    follower.tick()
    assert _wait_for_the_next(scene, follower) == 10


def test_after_a_429_nothing_is_read_until_the_time_that_was_asked_for(scene: Scene) -> None:
    scene.want(DEMO, OTHER)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=429, retry_after="90", times=1))
    follower = scene.follower()

    follower.tick()
    scene.clock.advance(timedelta(seconds=89))
    assert follower.tick() == 0
    assert (scene.reads(DEMO), scene.reads(OTHER)) == (1, 0)

    scene.clock.advance(timedelta(seconds=1))
    assert follower.tick() == 2
    assert scene.filenames() == [SDIST]
    assert scene.filenames(OTHER) == ["other-1.0.tar.gz"]


def test_an_index_that_is_away_is_asked_once_a_tick(scene: Scene) -> None:
    scene.want(DEMO, OTHER)
    for project in ("demo", "other"):
        scene.fake.fail(scene.fake.page_path(project), Fault(reset=True))
    assert scene.follower().tick() == 1


def test_details_are_remembered_while_the_index_does_not_tell_them(scene: Scene) -> None:
    scene.fake.serves_json = False
    scene.fake.bare_html = True
    scene.fake.yank("demo", SDIST, yanked="bad")
    scene.want(DEMO)
    follower = scene.follower()
    follower.tick()
    before = scene.page()
    scene.fake.fail(scene.fake.details_path("demo"), Fault(status=500))

    scene.clock.advance(2 * POLL)
    follower.tick()

    (file,) = before.files
    assert (file.size, file.yanked_reason) == (4, "bad")
    assert scene.page().files == before.files


class _Unstorable(Upstream):
    """An index whose page passes as valid and holds what no database takes."""

    def project_page(self, project: ProjectName) -> ProjectPage:
        page = super().project_page(project)
        if project == OTHER:
            return page
        url = "https://example.org/x"
        file = UpstreamFile(filename=Filename("x.zip"), url=url, hashes={}, size=2**70)
        return ProjectPage(name=project, files=(file,))


def test_a_page_that_cannot_be_stored_does_not_hold_up_the_others(scene: Scene) -> None:
    scene.want(DEMO, OTHER)
    upstream = _Unstorable(scene.client, scene.fake.url)
    follower = PageFollower(scene.engine, upstream, clock=scene.clock, settings=SETTINGS)

    assert follower.tick() == 2
    assert follower.tick() == 0

    assert scene.filenames(OTHER) == ["other-1.0.tar.gz"]
    assert scene.overview().error is not None


def test_the_follower_knows_a_page_from_nothing(scene: Scene) -> None:
    scene.want(DEMO)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=503, retry_after="60"))
    scene.follower().tick()
    with reading(scene.engine) as connection:
        assert stored_page(connection, DEMO) is None
        assert projects_to_plan(connection, limit=9) == []
    with pytest.raises(UpstreamUnavailable):
        Upstream(scene.client, scene.fake.url).project_page(DEMO)
