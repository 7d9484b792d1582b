"""A long, shuffled, fault-ridden history, followed live, ends as a fresh reading of its end does.

Upstream lives through random events while it serves stale pages, tells of events late and in any
order, and fails; follower, reader, scheduler, maintenance and publisher run a tick here and there
between, are killed and started again, and a builder makes wheels of what is to be built. In the end
everything has to be what a second wheelyard has that reads only what upstream has come to. Nothing
is ever polled: an event that is missed stays missed.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from commands import quiet_logs
from fake_upstream import FakeUpstream
from history import History
from migrated import migrated_database
from postgres import Cluster
from replay_outcome import Outcome, carry_over, outcome, wrong_wheels
from replaying import Replay, settings_for_replays
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.database.engine import Engine, connect
from wheelyard.database.migrate import upgrade
from wheelyard.model.wheel import WheelState
from wheelyard.settings import SourceName
from wheelyard.storage.objects import open_store
from workshop import BOOKWORM, NEWER, TRIXIE, Workshop

pytestmark = pytest.mark.usefixtures("quiet")

EngineMaker = Callable[[], Engine]

CHANGELOG: tuple[SourceName, ...] = ("changelog",)
ALL: tuple[SourceName, ...] = ("changelog", "serial-list", "project-poll")
LIST: tuple[SourceName, ...] = ("serial-list",)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Print errors alone: a history is told in thousands of lines."""
    with quiet_logs(monkeypatch):
        yield


@pytest.fixture
def sqlite_engines(tmp_path: Path) -> Iterator[EngineMaker]:
    with ExitStack() as stack:
        numbers = iter(range(10))

        def make() -> Engine:
            file = migrated_database(tmp_path / f"{next(numbers)}.sqlite")
            engine = connect(f"sqlite:///{file}")
            stack.callback(engine.dispose)
            return engine

        yield make


@pytest.fixture
def postgresql_engines(cluster: Cluster) -> Iterator[EngineMaker]:
    with ExitStack() as stack:

        def make() -> Engine:
            name = cluster.create()
            stack.callback(cluster.drop, name)
            engine = connect(cluster.url(name))
            stack.callback(engine.dispose)
            upgrade(engine)
            return engine

        yield make


def workshop(folder: Path, engine: Engine, clock: SettableClock, *sources: SourceName) -> Workshop:
    shop = Workshop(
        folder=folder,
        engine=engine,
        store=open_store(f"file://{folder / 'store'}"),
        clock=clock,
        settings=settings_for_replays(*sources),
    )
    shop.activate(BOOKWORM, NEWER, TRIXIE)
    return shop


def check_replay(
    folder: Path,
    engines: EngineMaker,
    *,
    seed: int,
    steps: int,
    sources: tuple[SourceName, ...],
    fault_rate: float = 0.1,
) -> Outcome:
    """Play a history, compare what it left with a fresh reading, and return it."""
    clock, chance = SettableClock(), random.Random(f"here {seed}")
    with (
        FakeUpstream(clock=clock) as fake,
        http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client,
    ):
        lived = Replay(workshop(folder / "lived", engines(), clock, *sources), fake, client, chance)
        lived.settle()
        history = History(
            fake, seed=seed, clock=clock, fault_rate=fault_rate, loses_sources=sources == ALL
        )
        for _ in range(steps):
            history.step()
            for _ in range(chance.randint(0, 5)):
                lived.something()
        history.end()
        lived.settle()

        fresh = Replay(workshop(folder / "fresh", engines(), clock, *LIST), fake, client, chance)
        carry_over(lived, fresh)
        fresh.settle()

        assert wrong_wheels(lived) == []
        found = outcome(lived)
        assert found == outcome(fresh)
        return found


@pytest.mark.parametrize("seed", range(2))
def test_what_the_changelog_told_in_any_order_ends_as_a_fresh_reading(
    tmp_path: Path, sqlite_engines: EngineMaker, seed: int
) -> None:
    check_replay(tmp_path, sqlite_engines, seed=seed, steps=60, sources=CHANGELOG)


@pytest.mark.parametrize("seed", range(2))
def test_sources_that_come_and_go_end_as_a_fresh_reading(
    tmp_path: Path, sqlite_engines: EngineMaker, seed: int
) -> None:
    check_replay(tmp_path, sqlite_engines, seed=seed, steps=60, sources=ALL)


@pytest.mark.soak
def test_a_longer_history_with_wheels_of_ours_ends_as_a_fresh_reading(
    tmp_path: Path, sqlite_engines: EngineMaker
) -> None:
    found = check_replay(tmp_path, sqlite_engines, seed=10, steps=200, sources=CHANGELOG)
    assert found.jobs
    assert {wheel[-1] for wheel in found.wheels} >= {WheelState.PUBLISHED, WheelState.WITHDRAWN}


def test_a_history_ends_as_a_fresh_reading_on_postgresql(
    tmp_path: Path, postgresql_engines: EngineMaker
) -> None:
    check_replay(tmp_path, postgresql_engines, seed=5, steps=60, sources=CHANGELOG)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("sources", [CHANGELOG, ALL])
@pytest.mark.parametrize("seed", [2, *range(100, 140)])
def test_many_histories_end_as_fresh_readings(
    tmp_path: Path, sqlite_engines: EngineMaker, seed: int, sources: tuple[SourceName, ...]
) -> None:
    steps = 1000 if seed % 20 == 0 else 60 + seed
    check_replay(tmp_path, sqlite_engines, seed=seed, steps=steps, sources=sources, fault_rate=0.25)
