"""The reader between a real index and a real database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select, update

from fake_upstream import FakeUpstream, Fault
from migrated import migrated_database
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.database.due import mark_changed, mark_listed
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.plans import projects_to_plan
from wheelyard.database.projects import project_overview, stored_page, want
from wheelyard.database.tables import projects
from wheelyard.errors import UpstreamUnavailable
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import Filename, ProjectName, parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile, Want
from wheelyard.settings import Settings, UpstreamSettings
from wheelyard.upstream.index import Reading, Upstream
from wheelyard.upstream.reader import Reader

POLL = timedelta(minutes=10)
SETTINGS = Settings(upstream=UpstreamSettings(poll=POLL, connections=1))
SDIST = "demo-1.0.tar.gz"
DEMO = parse_project_name("demo")
OTHER = parse_project_name("other")


@dataclass
class Scene:
    """What the reader works with, and questions to ask of what it did."""

    fake: FakeUpstream
    engine: Engine
    clock: SettableClock
    client: httpx2.Client

    def reader(self, settings: Settings = SETTINGS) -> Reader:
        upstream = Upstream(self.client, self.fake.url, clock=self.clock)
        return Reader(self.engine, upstream, clock=self.clock, settings=settings)

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
    engine = connect(f"sqlite:///{migrated_database(tmp_path / 'test.sqlite')}")
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

    assert scene.reader().tick() == 1

    upstream = Upstream(scene.client, scene.fake.url)
    assert scene.page() == upstream.project_page(DEMO)
    assert scene.overview().read_at == scene.clock.now()


def test_what_was_read_is_planned(scene: Scene) -> None:
    scene.want(DEMO)
    scene.reader().tick()
    with reading(scene.engine) as connection:
        assert projects_to_plan(connection, limit=9) == [DEMO]


def test_a_project_that_nobody_wants_is_not_read(scene: Scene) -> None:
    scene.want(DEMO)
    scene.reader().tick()
    assert scene.reads(OTHER) == 0


def test_a_project_is_read_again_after_the_poll_time_and_no_sooner(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()

    scene.clock.advance(POLL - timedelta(seconds=1))
    assert reader.tick() == 0
    scene.clock.advance(timedelta(seconds=1))
    assert reader.tick() == 1
    assert scene.reads() == 2


def test_what_changes_upstream_changes_here(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    scene.fake.remove("demo", SDIST)
    scene.fake.add_file("demo", b"new", "demo-2.0.tar.gz", yanked="bad")
    scene.fake.set_status("demo", "quarantined", reason="malware")

    scene.clock.advance(2 * POLL)
    reader.tick()

    page = scene.page()
    assert [(file.filename, file.yanked_reason) for file in page.files] == [
        ("demo-2.0.tar.gz", "bad")
    ]
    assert (page.status, page.status_reason) == (ProjectStatus.QUARANTINED, "malware")


def test_an_unknown_project_is_recorded_and_the_others_are_read(scene: Scene) -> None:
    missing = parse_project_name("missing")
    scene.want(missing, DEMO)

    assert scene.reader().tick() == 2

    assert scene.filenames() == [SDIST]
    assert scene.overview(missing).missing_since == scene.clock.now()
    assert scene.overview(missing).error is not None


def test_one_404_deletes_nothing(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404))
    scene.clock.advance(2 * POLL)
    reader.tick()
    assert scene.filenames() == [SDIST]
    assert scene.overview().removed_at is None


def test_a_second_404_at_once_deletes_nothing(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404))
    for _ in range(2):
        scene.want(DEMO)
        assert reader.tick() == 1
    assert scene.filenames() == [SDIST]


def test_a_second_404_minutes_later_is_a_deletion(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404))
    for _ in range(2):
        scene.clock.advance(2 * POLL)
        reader.tick()
    assert scene.filenames() == []
    assert scene.overview().removed_at == scene.clock.now()


def test_a_deleted_project_can_come_back(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=404, times=2))
    for _ in range(3):
        scene.clock.advance(2 * POLL)
        reader.tick()
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
    scene.fake.serves_etags = False
    scene.want(DEMO, OTHER)
    reader = scene.reader()
    reader.tick()
    scene.fake.add_file("other", b"new", "other-2.0.tar.gz")
    scene.fake.fail(scene.fake.page_path("demo"), fault)

    scene.clock.advance(2 * POLL)
    while reader.tick():
        pass

    assert scene.filenames() == [SDIST]
    assert scene.filenames(OTHER) == ["other-1.0.tar.gz", "other-2.0.tar.gz"]
    assert scene.overview().error is not None


def test_a_project_that_fails_is_tried_again_later_and_later(scene: Scene) -> None:
    scene.want(DEMO)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=500))
    reader = scene.reader()
    waits = []
    for _ in range(11):
        assert reader.tick() == 1
        waits.append(_wait_for_the_next(scene, reader))

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def _is_due(scene: Scene) -> bool:
    with reading(scene.engine) as connection:
        due_at = connection.scalar(select(projects.c.due_at).where(projects.c.name == DEMO))
    return bool(due_at is not None and due_at <= scene.clock.now())


def _wait_for_the_next(scene: Scene, reader: Reader) -> int:
    """Let time pass, as little as possible, until a project is due; return the seconds."""
    seconds = 0
    while not _is_due(scene):
        assert seconds or reader.tick() == 0
        scene.clock.advance(timedelta(seconds=10))
        seconds += 10
    return seconds


def test_a_success_ends_the_back_off(scene: Scene) -> None:
    scene.want(DEMO)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=500, times=3))
    reader = scene.reader()
    for _ in range(4):
        reader.tick()
        scene.clock.advance(timedelta(hours=1))
    assert scene.filenames() == [SDIST]
    assert scene.overview().error is None

    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=500))
    reader.tick()
    assert _wait_for_the_next(scene, reader) == 10


def test_after_a_429_nothing_is_read_until_the_time_that_was_asked_for(scene: Scene) -> None:
    scene.want(DEMO, OTHER)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=429, retry_after="90", times=1))
    reader = scene.reader()

    reader.tick()
    scene.clock.advance(timedelta(seconds=89))
    assert reader.tick() == 0
    assert (scene.reads(DEMO), scene.reads(OTHER)) == (1, 0)

    scene.clock.advance(timedelta(seconds=1))
    assert reader.tick() == 2
    assert scene.filenames() == [SDIST]
    assert scene.filenames(OTHER) == ["other-1.0.tar.gz"]


def test_an_index_that_is_away_is_asked_once_a_tick(scene: Scene) -> None:
    scene.want(DEMO, OTHER)
    for project in ("demo", "other"):
        scene.fake.fail(scene.fake.page_path(project), Fault(reset=True))
    assert scene.reader().tick() == 1


def test_details_are_remembered_while_the_index_does_not_tell_them(scene: Scene) -> None:
    scene.fake.serves_json = False
    scene.fake.bare_html = True
    scene.fake.yank("demo", SDIST, yanked="bad")
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    before = scene.page()
    scene.fake.fail(scene.fake.details_path("demo"), Fault(status=500))

    scene.clock.advance(2 * POLL)
    reader.tick()

    (file,) = before.files
    assert (file.size, file.yanked_reason) == (4, "bad")
    assert scene.page().files == before.files


class _Unstorable(Upstream):
    """An index whose page passes as valid and holds what no database takes."""

    def read(self, project: ProjectName, *, etag: str | None = None) -> Reading:
        found = super().read(project, etag=etag)
        if project == OTHER:
            return found
        url = "https://example.org/x"
        file = UpstreamFile(filename=Filename("x.zip"), url=url, hashes={}, size=2**70)
        return Reading(page=ProjectPage(name=project, files=(file,)))


def test_a_page_that_cannot_be_stored_does_not_hold_up_the_others(scene: Scene) -> None:
    scene.want(DEMO, OTHER)
    upstream = _Unstorable(scene.client, scene.fake.url)
    reader = Reader(scene.engine, upstream, clock=scene.clock, settings=SETTINGS)

    assert reader.tick() == 2
    assert reader.tick() == 0

    assert scene.filenames(OTHER) == ["other-1.0.tar.gz"]
    assert scene.overview().error is not None


def test_the_reader_knows_a_page_from_nothing(scene: Scene) -> None:
    scene.want(DEMO)
    scene.fake.fail(scene.fake.page_path("demo"), Fault(status=503, retry_after="60"))
    scene.reader().tick()
    with reading(scene.engine) as connection:
        assert stored_page(connection, DEMO) is None
        assert projects_to_plan(connection, limit=9) == []
    with pytest.raises(UpstreamUnavailable):
        Upstream(scene.client, scene.fake.url).project_page(DEMO)


def mark(scene: Scene, serial: int | None, project: ProjectName = DEMO) -> None:
    with writing(scene.engine) as connection:
        mark_changed(
            connection,
            [ChangedProject(name=project, serial=serial)],
            follow_new=True,
            at=scene.clock.now(),
        )


def serial_of(scene: Scene, project: str = "demo") -> int:
    found = scene.fake.project(project)
    assert found is not None
    return int(found.serial)


def test_an_event_has_a_project_read_at_once(scene: Scene) -> None:
    mark(scene, serial_of(scene))
    assert scene.reader().tick() == 1
    assert scene.filenames() == [SDIST]
    mark(scene, serial_of(scene))
    assert scene.reader().tick() == 0


def test_a_stale_page_is_saved_and_read_again_until_it_has_the_events_serial(
    scene: Scene,
) -> None:
    mark(scene, None)
    reader = scene.reader()
    reader.tick()
    scene.fake.freeze("demo")
    scene.fake.add_file("demo", b"new", "demo-2.0.tar.gz")
    mark(scene, serial_of(scene))

    assert reader.tick() == 1
    assert scene.filenames() == [SDIST]
    assert reader.tick() == 0
    scene.fake.thaw()
    scene.clock.advance(timedelta(seconds=5))
    assert reader.tick() == 1
    assert scene.filenames() == [SDIST, "demo-2.0.tar.gz"]
    scene.clock.advance(timedelta(hours=1))
    assert reader.tick() == 0


def test_a_page_older_than_the_stored_one_changes_nothing(scene: Scene) -> None:
    scene.fake.serves_etags = False
    mark(scene, None)
    reader = scene.reader()
    scene.fake.freeze("demo")
    scene.fake.add_file("demo", b"new", "demo-2.0.tar.gz")
    scene.fake.thaw()
    reader.tick()
    assert len(scene.filenames()) == 2
    with writing(scene.engine) as connection:
        connection.execute(update(projects).values(upstream_serial=serial_of(scene) + 5))
    mark(scene, None)

    reader.tick()

    assert scene.page().serial == serial_of(scene) + 5
    assert _wait_for_the_next(scene, reader) == 10


def test_an_index_that_stays_behind_for_a_day_is_believed_it_has_gone_back_to_a_backup(
    scene: Scene,
) -> None:
    scene.fake.serves_etags = False
    mark(scene, None)
    reader = scene.reader()
    reader.tick()
    scene.fake.add_file("demo", b"new", "demo-2.0.tar.gz")
    with writing(scene.engine) as connection:
        connection.execute(update(projects).values(upstream_serial=serial_of(scene) + 5))
    began = scene.clock.now()
    mark(scene, None)
    while "demo-2.0.tar.gz" not in scene.filenames():
        reader.tick()
        scene.clock.advance(timedelta(minutes=20))
    assert timedelta(hours=23) < scene.clock.now() - began < timedelta(hours=30)
    assert scene.page().serial == serial_of(scene)


def test_an_unchanged_page_is_not_sent_again(scene: Scene) -> None:
    scene.want(DEMO)
    reader = scene.reader()
    reader.tick()
    before = scene.page()
    scene.clock.advance(2 * POLL)
    reader.tick()

    first, second = scene.fake.seen(scene.fake.page_path(DEMO))
    assert first.headers.get("if-none-match") is None
    assert second.headers.get("if-none-match")
    assert scene.page() == before
    assert scene.overview().read_at == scene.clock.now()


def test_an_unchanged_page_with_the_events_serial_settles_the_event(scene: Scene) -> None:
    mark(scene, None)
    reader = scene.reader()
    reader.tick()
    scene.fake.touch("demo")
    mark(scene, serial_of(scene))
    reader.tick()
    assert scene.page().serial == serial_of(scene)
    scene.clock.advance(timedelta(hours=1))
    assert reader.tick() == 0


def test_what_was_marked_while_it_was_read_is_read_again(scene: Scene) -> None:
    class Meddled(Upstream):
        def read(self, project: ProjectName, *, etag: str | None = None) -> Reading:
            found = super().read(project, etag=etag)
            scene.fake.add_file("demo", b"new", "demo-2.0.tar.gz")
            mark(scene, serial_of(scene))
            return found

    mark(scene, serial_of(scene))
    upstream = Meddled(scene.client, scene.fake.url, clock=scene.clock)
    Reader(scene.engine, upstream, clock=scene.clock, settings=SETTINGS).tick()

    assert scene.filenames() == [SDIST]
    assert scene.reader().tick() == 1
    assert scene.filenames() == [SDIST, "demo-2.0.tar.gz"]


def test_two_readers_never_read_the_same_project_at_once(scene: Scene) -> None:
    class Busy(Upstream):
        def read(self, project: ProjectName, *, etag: str | None = None) -> Reading:
            assert scene.reader().tick() == 0
            return super().read(project, etag=etag)

    scene.want(DEMO, OTHER)
    upstream = Busy(scene.client, scene.fake.url, clock=scene.clock)
    assert Reader(scene.engine, upstream, clock=scene.clock, settings=SETTINGS).tick() == 2
    assert (scene.reads(DEMO), scene.reads(OTHER)) == (1, 1)


def test_what_a_killed_reader_had_taken_is_due_again(scene: Scene) -> None:
    class Killed(Upstream):
        def read(self, project: ProjectName, *, etag: str | None = None) -> Reading:
            raise SystemExit(f"killed at {project} {etag}")

    scene.want(DEMO)
    upstream = Killed(scene.client, scene.fake.url, clock=scene.clock)
    with pytest.raises(SystemExit):
        Reader(scene.engine, upstream, clock=scene.clock, settings=SETTINGS).tick()
    assert scene.reader().tick() == 0
    scene.clock.advance(timedelta(minutes=5))
    assert scene.reader().tick() == 1
    assert scene.filenames() == [SDIST]


def test_what_somebody_waits_for_goes_before_events_and_those_before_the_first_fill(
    scene: Scene,
) -> None:
    names = ["a", "b", "c"]
    for name in names:
        scene.fake.add_file(name, b"x", f"{name}-1.0.tar.gz")
    first, second, third = map(parse_project_name, names)
    with writing(scene.engine) as connection:
        listed = [ChangedProject(name=third, serial=1)]
        mark_listed(connection, listed, follow_new=True, at=scene.clock.now())
    mark(scene, None, second)
    scene.want(first)

    scene.reader().tick()

    asked = [
        request.path for name in names for request in scene.fake.seen(scene.fake.page_path(name))
    ]
    assert [request.path for request in scene.fake.requests if request.path in asked] == [
        scene.fake.page_path(name) for name in names
    ]


def test_many_pages_are_read_over_several_connections(scene: Scene) -> None:
    names = [f"project-{number}" for number in range(30)]
    for name in names:
        scene.fake.add_file(name, b"x", f"{name.replace('-', '_')}-1.0.tar.gz")
        scene.want(parse_project_name(name))
    reader = scene.reader(Settings(upstream=UpstreamSettings(connections=8)))
    assert reader.tick() == 30
    assert {len(scene.filenames(parse_project_name(name))) for name in names} == {1}
    assert {scene.reads(parse_project_name(name)) for name in names} == {1}


def test_whoever_owns_what_may_be_built_is_asked_for_once(scene: Scene) -> None:
    scene.fake.add_file("pure", b"x", "pure-1.0-py3-none-any.whl")
    pure = parse_project_name("pure")
    scene.want(DEMO, pure)
    reader = scene.reader()
    for _ in range(2):
        reader.tick()
        scene.clock.advance(2 * POLL)
    assert len(scene.fake.seen(scene.fake.details_path("demo"))) == 1
    assert scene.fake.seen(scene.fake.details_path("pure")) == []
