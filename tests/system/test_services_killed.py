"""The services of a server as real programs: killed at random moments, and on their whole path."""

import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select

from commands import quiet_logs
from fake_upstream import FakeUpstream, Fault
from history import History
from replay_outcome import carry_over, outcome, wrong_wheels
from replaying import Replay, settings_for_replays
from running import Server, running
from wheelyard.client import http_client
from wheelyard.clock import SettableClock, SystemClock
from wheelyard.database.engine import Engine, connect, reading
from wheelyard.database.migrate import upgrade
from wheelyard.database.tables import decisions, projects
from wheelyard.model.build import BuildState
from wheelyard.model.wheel import Wheel
from wheelyard.settings import SourceName
from wheelyard.storage.objects import open_store
from workshop import BOOKWORM, Workshop

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("quiet")]

_KILLS = 4
_WHEELS = 4


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with quiet_logs(monkeypatch):
        yield


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def server(tmp_path: Path, upstream: FakeUpstream) -> Iterator[Server]:
    with running(tmp_path / "data", upstream) as server:
        yield server


def workshop(folder: Path, engine: Engine, *sources: SourceName) -> Workshop:
    """Return what a builder needs at a server whose store is in a folder."""
    shop = Workshop(
        folder=folder,
        engine=engine,
        store=open_store(f"file://{folder / 'store'}"),
        clock=SettableClock(SystemClock().now()),
        settings=settings_for_replays(*sources),
    )
    shop.activate(BOOKWORM)
    return shop


def replay(shop: Workshop, upstream: FakeUpstream, client: httpx2.Client) -> Replay:
    return Replay(shop, upstream, client, random.Random(1))


def count(engine: Engine, question: str) -> int:
    """Return how far the services have come: with reading, or with planning."""
    table, moment = {
        "read": (projects, projects.c.read_at),
        "planned": (decisions, decisions.c.decided_at),
    }[question]
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count(moment)).select_from(table)) or 0)


def moments(server: Server, chance: random.Random) -> Iterator[Callable[[], bool]]:
    """Yield questions whose answer turns to yes while the services follow, read and plan."""
    while True:
        for what in ("asked", "read", "planned"):
            before = (
                len(server.upstream.requests) if what == "asked" else count(server.engine, what)
            )
            more = chance.randint(1, 12)

            def is_now(what: str = what, before: int = before, more: int = more) -> bool:
                if what == "asked":
                    return len(server.upstream.requests) >= before + more
                return count(server.engine, what) >= before + more or server.is_quiet()

            yield is_now


@pytest.mark.soak
def test_services_that_are_killed_again_and_again_end_as_a_fresh_reading(
    tmp_path: Path, server: Server, upstream: FakeUpstream
) -> None:
    chance = random.Random(20261123)
    history = History(upstream, seed=7, clock=SystemClock(), fault_rate=0, is_steady=True)
    # Answers that come slowly leave time to be killed while they are awaited.
    upstream.misbehave = lambda *_: Fault(bytes_per_pause=200, pause_seconds=0.02)
    shop = workshop(server.folder, server.engine, "changelog")
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        lived = replay(shop, upstream, client)
        services = server.start("services")
        server.wait_until(server.is_quiet)
        killed_at_work = 0
        for _, is_now in zip(range(_KILLS), moments(server, chance), strict=False):
            for _ in range(20):
                history.step()
            server.wait_until(is_now)
            killed_at_work += not server.is_quiet()
            server.kill(services)
            build_some(lived)
            services = server.start("services")
        server.wait_until(server.is_quiet)
        server.kill(services)
        assert killed_at_work

        shop.clock.advance(SystemClock().now() - shop.clock.now())
        other = connect(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
        upgrade(other)
        fresh = replay(workshop(tmp_path / "fresh", other, "serial-list"), upstream, client)
        carry_over(lived, fresh)
        fresh.settle()
        found = outcome(lived)
        assert found == outcome(fresh)
        assert wrong_wheels(lived) == []
        assert found.wheels
        other.dispose()


def build_some(lived: Replay) -> None:
    """Make wheels of what waits to be built, while no service runs."""
    shop = lived.shop
    shop.clock.advance(SystemClock().now() - shop.clock.now())
    for _ in range(_WHEELS):
        lease = shop.claim(lived.board)
        if lease is None:
            return
        shop.finish(
            lived.board,
            lease.build_id,
            shop.upload(lease, shop.make_wheel(lease, content=lease.build_id)),
        )


def publish(server: Server) -> Wheel:
    """Let a builder make the one wheel that is wanted, and wait until it is on the index."""
    shop = workshop(server.folder, server.engine, "changelog")
    board = shop.builder()
    server.wait_until(lambda: bool(shop.job_counts()))
    lease = shop.claimed(board)
    assert shop.deliver(board, lease).state == BuildState.SUCCEEDED
    [wheel] = shop.wheels()
    server.wait_until(lambda: server.is_quiet() and server.get(f"/{wheel.path}").status_code == 200)
    return wheel


def mentions(server: Server, wheel: Wheel) -> dict[str, bool]:
    """Return of each page and URL whether it shows, or is, the wheel."""
    as_json = {"Accept": "application/vnd.pypi.simple.v1+json"}
    name = wheel.file.filename
    index = f"http://127.0.0.1:{server.port}/simple/spam/"
    return {
        "index in HTML": name in server.get("/simple/spam/").text,
        "index in JSON": name in httpx2.get(index, headers=as_json, timeout=10).text,
        "channel": name in server.get("/bookworm/simple/spam/").text,
        "project page": name in server.get("/project/spam/").text,
        "project in JSON": name in server.get("/project/spam/index.json").text,
        "first page": name in server.get("/").text,
        "build": server.get(f"/build/{wheel.build_id}/").status_code == 200,
        "wheel": server.get(f"/{wheel.path}").status_code != 404,
        "METADATA": server.get(f"/{wheel.path}.metadata").status_code != 404,
    }


@pytest.mark.parametrize("version", ["1.0", None])
def test_what_is_quarantined_is_gone_before_any_polling_and_comes_back_with_the_same_bytes(
    server: Server, upstream: FakeUpstream, version: str | None
) -> None:
    server.start("services")
    server.start("web")
    server.wait_until(server.is_quiet)
    upstream.add_file("spam", b"an sdist", "spam-1.0.tar.gz")
    upstream.add_file("spam", b"a wheel", "spam-0.9-py3-none-any.whl")
    server.wait_until(server.answers)
    wheel = publish(server)
    shown = mentions(server, wheel)
    before = [server.get(f"/{wheel.path}{ending}").content for ending in ("", ".metadata")]
    assert hashlib.sha256(before[0]).hexdigest() == wheel.file.sha256
    assert shown["index in HTML"]
    assert shown["index in JSON"]
    assert shown["project page"]

    upstream.quarantine("spam", version)
    server.wait_until(lambda: not any(mentions(server, wheel).values()))

    upstream.clear_quarantine("spam", version)
    server.wait_until(lambda: mentions(server, wheel) == shown)
    after = [server.get(f"/{wheel.path}{ending}").content for ending in ("", ".metadata")]
    assert after == before
