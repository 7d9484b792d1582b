"""A wheelyard that follows the fake index through a history, and questions to ask in the end."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2

from fake_upstream import FakeUpstream
from wheelyard.database import reading as due_list
from wheelyard.database.engine import reading, writing
from wheelyard.database.pages import pages_to_write
from wheelyard.database.plans import projects_to_plan
from wheelyard.database.sources import source_status
from wheelyard.database.upstream_pages import stored_page
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.builder import Builder
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.protocol import BuildLease
from wheelyard.publish.publisher import Publisher
from wheelyard.queue.healing import Healing
from wheelyard.queue.maintenance import Maintenance
from wheelyard.queue.scheduler import Scheduler
from wheelyard.service import Service
from wheelyard.settings import (
    HealingSettings,
    PolicySettings,
    QueueSettings,
    Settings,
    SourceName,
    UpstreamSettings,
)
from wheelyard.upstream.changelog import Changelog
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.follower import Follower, Sources
from wheelyard.upstream.index import Upstream
from wheelyard.upstream.reader import Reader
from wheelyard.upstream.rss import Feeds
from wheelyard.upstream.serial_list import SerialList
from wheelyard.upstream.source import ChangeSource, ProjectPoll
from workshop import Workshop

_NEVER = timedelta(days=300)
_ROWS_A_CALL = 20
_TICKS = 1000
_ROUNDS = 400
_BROKEN = Failure(
    kind=FailureKind.COMPILE_ERROR, message="gcc rejected it.", evidence=("x.c:1: error",)
)


def settings_for_replays(*sources: SourceName) -> Settings:
    """Return settings in which nothing heals by polling, and a list is read every few minutes."""
    return Settings(
        policy=PolicySettings(follow="everything", prereleases=True, grace=timedelta(days=30)),
        queue=QueueSettings(lease=timedelta(days=1), max_attempts=1000),
        # What is tried after a failure depends on what happened before.
        healing=HealingSettings(rounds=0),
        upstream=UpstreamSettings(
            sources=sources,
            list_every=timedelta(minutes=10),
            poll=_NEVER,
            poll_others=_NEVER,
            connections=1,
        ),
    )


@dataclass
class Replay:
    """The services of one wheelyard, run a tick at a time, with a builder beside them."""

    shop: Workshop
    fake: FakeUpstream
    client: httpx2.Client
    chance: random.Random
    builds: list[BuildLease] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board: Builder = self.shop.builder()
        self.start()

    def start(self) -> None:
        """Start all services; those that ran before end where they were, as if killed."""
        shop, clock, settings = self.shop, self.shop.clock, self.shop.settings
        # The lead is kept by the database's clock: one of another name would wait a real minute.
        self.services: list[Service] = [
            Follower(
                shop.engine, self._sources(), clock=clock, settings=settings, holder="follower"
            ),
            Reader(
                shop.engine,
                Upstream(self.client, self.fake.url, clock=clock),
                clock=clock,
                settings=settings,
            ),
            Scheduler(shop.engine, clock=clock, policy=settings.policy),
            Healing(shop.engine, store=shop.store, clock=clock, settings=settings),
            Maintenance(
                shop.engine, store=shop.store, clock=clock, settings=settings, holder="maintenance"
            ),
            Publisher(shop.engine, store=shop.store, clock=clock, settings=settings),
        ]

    def _sources(self) -> Sources:
        exchange = Exchange(self.client, self.fake.url, clock=self.shop.clock)
        upstream = self.shop.settings.upstream
        known: dict[str, ChangeSource] = {
            "changelog": Changelog(
                exchange,
                clock=self.shop.clock,
                every=upstream.changes_every,
                rows_a_call=_ROWS_A_CALL,
            ),
            "serial-list": SerialList(exchange, clock=self.shop.clock, every=upstream.list_every),
            "project-poll": ProjectPoll(every=upstream.poll),
        }
        relied_on = tuple(known[name] for name in self.shop.settings.change_sources)
        return Sources(relied_on=relied_on, hints=(Feeds(exchange),))

    def something(self) -> None:
        """Let one of the things happen that happen here, whatever goes on upstream."""
        things: list[tuple[Callable[[], object], int]] = [
            (lambda: self.chance.choice(self.services).tick(), 60),
            (self._wait, 25),
            (self._begin_build, 10),
            (self._end_build, 8),
            (self.start, 3),
            (self._die_reading, 1),
        ]
        self.chance.choices([thing for thing, _ in things], [often for _, often in things])[0]()

    def _wait(self) -> None:
        self.shop.clock.advance(timedelta(seconds=self.chance.choice((1, 5, 15, 40))))

    def _begin_build(self) -> None:
        lease = self.shop.claim(self.board)
        if lease is not None:
            self.builds.append(lease)

    def _end_build(self) -> None:
        if not self.builds:
            return
        lease = self.builds.pop(self.chance.randrange(len(self.builds)))
        if self.chance.random() < 0.15:
            self.shop.finish(self.board, lease.build_id, failure=_BROKEN)
            return
        with reading(self.shop.engine) as connection:
            page = stored_page(connection, parse_project_name(lease.project))
        told = {} if page is None else {file.filename: file.requires_python for file in page.files}
        made = self.shop.make_wheel(
            lease, content=lease.build_id, requires_python=told.get(Filename(lease.sdist.filename))
        )
        self.shop.finish(self.board, lease.build_id, self.shop.upload(lease, made))

    def _die_reading(self) -> None:
        """Let a reader take projects, and never be heard of again."""
        with writing(self.shop.engine) as connection:
            due_list.take_due(
                connection, now=self.shop.clock.now(), limit=5, lasts=timedelta(minutes=5)
            )

    def settle(self) -> None:
        """End all builds, then run until nothing is left to do."""
        while self.builds:
            self._end_build()
        for _ in range(_ROUNDS):
            self._work()
            self.shop.clock.advance(timedelta(minutes=5))
            if self._is_quiet():
                # The first page and the list of projects are written after a pause.
                self._work()
                return
        with reading(self.shop.engine) as connection:
            left = due_list.due_projects(connection, now=self.shop.clock.now() + _NEVER / 2)
            raise AssertionError(f"it never comes to rest: {source_status(connection)} {left}")

    def _work(self) -> None:
        for _ in range(_TICKS):
            if not sum(service.tick() for service in self.services):
                return
        raise AssertionError("it goes on without an end")

    def _is_quiet(self) -> bool:
        """Whether every source has told everything, and all that was told has been read."""
        soon = self.shop.clock.now() + _NEVER / 2
        with reading(self.shop.engine) as connection:
            statuses = source_status(connection)
            if due_list.due_projects(connection, now=soon) or projects_to_plan(connection, limit=1):
                return False
            if pages_to_write(connection, limit=1):
                return False
        relied_on = set(self.shop.settings.change_sources)
        return all(
            not (status.is_used and status.failures)
            and (status.name != "changelog" or status.serial == self.fake.journal.last_serial)
            for status in statuses
            if status.name in relied_on
        )


def without_serials(page: bytes) -> dict[str, object]:
    """Return a JSON page without our own serial, which counts what happened."""
    document: dict[str, Any] = json.loads(page)
    for part in (document.get("meta", {}), *document.get("projects", [])):
        part.pop("_last-serial", None)
    return document
