"""The follower between a real index and a real database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select, update

from fake_upstream import CHANGELOG_PATH, LIST_PATH, PACKAGES_PATH, FakeUpstream, Fault
from migrated import migrated_database
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.database.dialect import clock_time
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.sources import source_status
from wheelyard.database.tables import leaders, projects
from wheelyard.model.change import SourceStatus
from wheelyard.model.project import ProjectStatus
from wheelyard.settings import PolicySettings, Settings, UpstreamSettings
from wheelyard.upstream.follower import Follower, configured_sources

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
EVERY = timedelta(seconds=15)
SETTINGS = Settings(policy=PolicySettings(follow="everything"))


@dataclass
class Scene:
    fake: FakeUpstream
    engine: Engine
    clock: SettableClock
    client: httpx2.Client

    def follower(self, settings: Settings = SETTINGS, *, holder: str = "one") -> Follower:
        sources = configured_sources(settings, self.client, url=self.fake.url, clock=self.clock)
        return Follower(self.engine, sources, clock=self.clock, settings=settings, holder=holder)

    def statuses(self) -> dict[str, SourceStatus]:
        with reading(self.engine) as connection:
            return {status.name: status for status in source_status(connection)}

    def status(self, name: str = "changelog") -> SourceStatus:
        return self.statuses()[name]

    def used(self) -> list[str]:
        return [name for name, status in self.statuses().items() if status.is_used]

    def due(self) -> dict[str, int | None]:
        """Return the projects that are due now, with their serials, and take them off the list."""
        now = self.clock.now()
        with writing(self.engine) as connection:
            rows = connection.execute(
                select(projects.c.name, projects.c.due_serial).where(projects.c.due_at <= now)
            ).all()
            connection.execute(update(projects).values(due_at=None))
        return {row.name: row.due_serial for row in rows}

    def has_read(self, name: str, serial: int) -> None:
        with writing(self.engine) as connection:
            connection.execute(
                update(projects)
                .where(projects.c.name == name)
                .values(read_at=self.clock.now(), upstream_serial=serial)
            )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    engine = connect(f"sqlite:///{migrated_database(tmp_path / 'test.sqlite')}")
    clock = SettableClock()
    with (
        FakeUpstream(clock=clock) as fake,
        http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client,
    ):
        yield Scene(fake=fake, engine=engine, clock=clock, client=client)
    engine.dispose()


def work(follower: Follower) -> None:
    """Tick until there is nothing left."""
    idle = 0
    while idle < 3:
        idle = 0 if follower.tick() else idle + 1


def test_what_the_changelog_names_is_due_with_its_serial(scene: Scene) -> None:
    follower = scene.follower()
    work(follower)
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    scene.clock.advance(EVERY)
    work(follower)
    assert scene.due() == {"demo": scene.fake.journal.last_serial}


def test_the_changelog_is_asked_so_often_and_no_more(scene: Scene) -> None:
    follower = scene.follower()
    work(follower)
    asked = len(scene.fake.requests)
    scene.clock.advance(EVERY - SECOND)
    assert follower.tick() == 0
    assert len(scene.fake.requests) == asked
    scene.clock.advance(SECOND)
    assert follower.tick() == 1


def test_a_project_that_nobody_wants_is_not_marked_where_only_wanted_ones_are(
    scene: Scene,
) -> None:
    follower = scene.follower(Settings())
    work(follower)
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    scene.clock.advance(EVERY)
    work(follower)
    assert scene.due() == {}


def test_a_follower_goes_on_where_another_one_stopped(scene: Scene) -> None:
    work(scene.follower())
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    scene.clock.advance(EVERY)
    work(scene.follower())
    assert list(scene.due()) == ["demo"]


def test_a_cursor_and_its_marks_are_kept_together_or_not_at_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = scene.follower()
    work(follower)
    before = scene.status().cursor
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    scene.clock.advance(EVERY)
    with monkeypatch.context() as patched:
        patched.setattr("wheelyard.upstream.follower.save_source", _lose_the_database)
        with pytest.raises(_DatabaseLostError):
            work(follower)
    assert (scene.due(), scene.status().cursor) == ({}, before)
    work(follower)
    assert list(scene.due()) == ["demo"]


class _DatabaseLostError(Exception):
    pass


def _lose_the_database(*_: object) -> None:
    raise _DatabaseLostError


def test_the_status_tells_serial_lag_and_which_source_is_used(scene: Scene) -> None:
    follower = scene.follower()
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    work(follower)
    status = scene.status()
    assert (status.serial, status.error, status.is_used) == (4, None, True)
    assert status.lag(scene.clock.now() + MINUTE) == MINUTE
    assert list(scene.statuses()) == ["changelog", "serial-list", "project-poll", "rss"]


def test_an_index_without_a_changelog_is_followed_by_its_list_at_once(scene: Scene) -> None:
    scene.fake.has_changelog = False
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    work(scene.follower())
    assert scene.due() == {"demo": 4}
    assert scene.used() == ["serial-list"]
    assert scene.status().is_missing


def test_an_index_that_tells_nothing_is_polled(scene: Scene) -> None:
    scene.fake.has_changelog = scene.fake.serves_serials = scene.fake.has_rss = False
    scene.fake.add_project("demo")
    work(scene.follower())
    assert scene.used() == ["project-poll"]


def test_a_source_that_fails_is_tried_again_before_another_is_used(scene: Scene) -> None:
    follower = scene.follower()
    work(follower)
    scene.fake.fail(CHANGELOG_PATH, Fault(status=500))
    scene.clock.advance(EVERY)
    used = []
    for _ in range(4):
        work(follower)
        used += scene.used()
        scene.clock.advance(timedelta(seconds=40))
    assert used == ["changelog", "changelog", "serial-list", "serial-list"]
    assert "status 500" in (scene.status().error or "")


def test_a_source_that_fails_is_asked_less_and_less(scene: Scene) -> None:
    scene.fake.fail(CHANGELOG_PATH, Fault(status=500))
    follower = scene.follower()
    waits = []
    for _ in range(11):
        work(follower)
        status = scene.status()
        assert status.retry_at is not None
        waits.append(int((status.retry_at - scene.clock.now()).total_seconds()))
        scene.clock.advance(status.retry_at - scene.clock.now())
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def test_the_better_source_is_used_again_as_soon_as_it_answers_and_misses_nothing(
    scene: Scene,
) -> None:
    follower = scene.follower()
    work(follower)
    scene.fake.fail(CHANGELOG_PATH, Fault(reset=True))
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    for _ in range(5):
        scene.clock.advance(MINUTE)
        work(follower)
    assert scene.used() == ["serial-list"]
    assert scene.due() == {"demo": 4}

    scene.fake.heal(CHANGELOG_PATH)
    scene.clock.advance(timedelta(hours=1))
    work(follower)
    assert scene.used() == ["changelog"]
    assert (scene.status().failures, scene.status().error) == (0, None)
    assert scene.due() == {"demo": 4}, "told again, because its page was never read"


def test_a_time_to_wait_is_kept_and_another_source_used_meanwhile(scene: Scene) -> None:
    scene.fake.fail(CHANGELOG_PATH, Fault(status=429, retry_after="7200", times=1))
    follower = scene.follower()
    work(follower)
    assert scene.used() == ["serial-list"]
    scene.clock.advance(timedelta(seconds=7199))
    work(follower)
    assert len(scene.fake.seen(CHANGELOG_PATH)) == 1
    scene.clock.advance(SECOND)
    work(follower)
    assert scene.used() == ["changelog"]


def test_hints_are_asked_only_while_no_source_is_faster(scene: Scene) -> None:
    follower = scene.follower()
    work(follower)
    scene.clock.advance(MINUTE)
    work(follower)
    assert scene.fake.seen(PACKAGES_PATH) == []

    scene.fake.has_changelog = False
    scene.clock.advance(MINUTE)
    work(follower)
    assert len(scene.fake.seen(PACKAGES_PATH)) == 1


def test_a_hint_makes_a_project_due(scene: Scene) -> None:
    scene.fake.has_changelog = scene.fake.serves_serials = False
    follower = scene.follower()
    work(follower)
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    scene.clock.advance(MINUTE)
    work(follower)
    assert scene.due() == {"demo": None}


def test_hints_that_fail_disturb_nothing(scene: Scene) -> None:
    scene.fake.has_changelog = scene.fake.has_rss = False
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    work(scene.follower())
    assert scene.used() == ["serial-list"]
    assert list(scene.due()) == ["demo"]


LISTED = Settings(
    policy=PolicySettings(follow="everything"),
    upstream=UpstreamSettings(sources=("serial-list",), rss=False),
)


def test_a_project_that_the_list_lacks_is_due_once_the_list_has_ended(scene: Scene) -> None:
    for name in ("demo", "other"):
        scene.fake.add_file(name, b"x", f"{name}-1.0.tar.gz")
    follower = scene.follower(LISTED)
    work(follower)
    for name, serial in scene.due().items():
        scene.has_read(name, serial or 0)
    scene.fake.remove("demo")
    scene.clock.advance(timedelta(days=1))
    work(follower)
    assert list(scene.due()) == ["demo"]


@pytest.mark.parametrize("fault", [Fault(truncated_to=250), Fault(body=b'{"projects": []}')])
def test_a_list_that_does_not_come_whole_makes_nothing_missing(scene: Scene, fault: Fault) -> None:
    for number in range(20):
        scene.fake.add_file(f"p{number}", b"x", f"p{number}-1.0.tar.gz")
    follower = scene.follower(LISTED)
    work(follower)
    for name, serial in scene.due().items():
        scene.has_read(name, serial or 0)
    fault = Fault(
        truncated_to=fault.truncated_to,
        body=fault.body,
        content_type="application/json",
    )
    scene.fake.fail(LIST_PATH, fault)
    scene.clock.advance(timedelta(days=1))
    work(follower)
    assert scene.due() == {}
    assert scene.status("serial-list").failures == 1


def test_a_list_that_lacks_too_much_is_not_believed(scene: Scene) -> None:
    with writing(scene.engine) as connection:
        rows = [
            {
                "name": f"old{number}",
                "status": ProjectStatus.ACTIVE,
                "missing_count": 0,
                "created_at": scene.clock.now(),
                "read_at": scene.clock.now(),
                "upstream_serial": 1,
                "followed": True,
            }
            for number in range(1001)
        ]
        connection.execute(projects.insert(), rows)
    scene.fake.add_project("demo")
    scene.clock.advance(MINUTE)
    work(scene.follower(LISTED))
    assert list(scene.due()) == ["demo"]
    assert "lacks 1001 of 1001" in (scene.status("serial-list").error or "")


def test_a_list_in_many_pieces_is_taken_a_batch_a_tick(scene: Scene) -> None:
    for number in range(4001):
        scene.fake.add_project(f"p{number}")
    follower = scene.follower(LISTED)
    assert [follower.tick() for _ in range(5)] == [2000, 2000, 1, 1, 0]
    assert len(scene.due()) == 4001


def test_of_two_followers_one_works(scene: Scene) -> None:
    one, two = scene.follower(holder="one"), scene.follower(holder="two")
    work(one)
    asked = len(scene.fake.requests)
    scene.clock.advance(EVERY)
    work(two)
    assert len(scene.fake.requests) == asked
    work(one)
    assert len(scene.fake.requests) > asked


def test_another_follower_takes_over_where_the_leader_was(scene: Scene) -> None:
    one, two = scene.follower(holder="one"), scene.follower(holder="two")
    work(one)
    scene.fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    scene.clock.advance(EVERY)
    let_the_lead_end(scene)
    work(two)
    assert list(scene.due()) == ["demo"]


def test_a_follower_that_lost_the_lead_halfway_marks_no_more(scene: Scene) -> None:
    for number in range(2001):
        scene.fake.add_project(f"p{number}")
    one, two = scene.follower(LISTED, holder="one"), scene.follower(LISTED, holder="two")
    assert one.tick() == 2000
    scene.due()
    let_the_lead_end(scene)
    assert two.tick() == 2000
    marked = scene.due()
    assert one.tick() == 0
    assert len(marked) == 2000
    assert scene.due() == {}
    work(two)
    assert len(scene.due()) == 1


def let_the_lead_end(scene: Scene) -> None:
    with writing(scene.engine) as connection:
        ended = clock_time(connection) - SECOND
        connection.execute(update(leaders).values(expires_at=ended))


def test_before_it_ever_ran_there_is_no_status(scene: Scene) -> None:
    assert scene.statuses() == {}
