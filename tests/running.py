"""`wheelyard services` and `wheelyard web` as an operator runs them, to be killed at any moment."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
from sqlalchemy import delete, func, select, update

from fake_upstream import FakeUpstream
from line import free_port
from migrated import migrated_database
from wheelyard.clock import SystemClock
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.sources import source_status
from wheelyard.database.tables import leaders, pages, projects

PATIENCE = 300.0
_NEVER = "P300D"


class Server:
    """The folder of a server that follows an index whole, and its programs."""

    def __init__(self, folder: Path, upstream: FakeUpstream) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = free_port()
        self.upstream = upstream
        file = migrated_database(folder / "wheelyard.sqlite")
        self.engine: Engine = connect(f"sqlite:///{file}")
        self._running: list[subprocess.Popen[bytes]] = []

    def _environment(self) -> dict[str, str]:
        settings = {
            "DATA": str(self.folder),
            "PORT": str(self.port),
            "POLICY__FOLLOW": "everything",
            "POLICY__PRERELEASES": "true",
            "POLICY__GRACE": "P30D",
            "UPSTREAM__URL": self.upstream.url,
            "UPSTREAM__SOURCES": '["changelog"]',
            "UPSTREAM__CHANGES_EVERY": "PT0.2S",
            "UPSTREAM__CONFIRM_DELETION": "PT0.5S",
            "UPSTREAM__POLL": _NEVER,
            "UPSTREAM__POLL_OTHERS": _NEVER,
        }
        return {**os.environ, **{f"WHEELYARD_{key}": value for key, value in settings.items()}}

    def start(self, program: str) -> "subprocess.Popen[bytes]":
        """Start `services` or `web`; what it logs is in a file of its name."""
        with (self.folder / f"{program}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "wheelyard", program],
                env=self._environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self._running.append(process)
        return process

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a program, and let so much time pass that nobody waits for it any more.

        That is a minute for the lead and for pages, and five for a project that was to be read.
        """
        process.kill()
        process.wait()
        self._running.remove(process)
        now = SystemClock().now()
        with writing(self.engine) as connection:
            connection.execute(delete(leaders))
            connection.execute(update(pages).values(taken_until=None))
            connection.execute(
                update(projects)
                .where(projects.c.due_at > now, projects.c.due_at < now + timedelta(minutes=6))
                .values(due_at=now)
            )

    def stop(self) -> None:
        """End whatever still runs, and close the database."""
        for process in self._running:
            process.kill()
            process.wait()
        self.engine.dispose()

    def get(self, path: str) -> httpx2.Response:
        """Ask the web process."""
        return httpx2.get(f"http://127.0.0.1:{self.port}{path}", timeout=60)

    def answers(self) -> bool:
        """Whether the web process is up."""
        try:
            return self.get("/simple/").status_code < 500
        except httpx2.TransportError:
            return False

    def logs(self) -> str:
        """Return the end of what the programs have logged."""
        files = sorted(self.folder.glob("*.log"))
        return "".join(file.read_text(encoding="utf-8")[-3000:] for file in files)

    def wait_until(self, is_true: Callable[[], bool]) -> float:
        """Wait for something, and return how many seconds it took.

        An answer that is cut off is none yet: busy machines drop connections.
        """
        started = time.monotonic()
        while not _holds(is_true):
            assert time.monotonic() < started + PATIENCE, self.logs()
            time.sleep(0.02)
        return time.monotonic() - started

    def is_quiet(self) -> bool:
        """Whether everything that upstream told of is read, planned and published."""
        with reading(self.engine) as connection:
            statuses = {status.name: status for status in source_status(connection)}
            if "changelog" not in statuses:
                return False
            if statuses["changelog"].serial != self.upstream.journal.last_serial:
                return False
            now = SystemClock().now()
            is_open = projects.c.removed_at.is_(None) & (
                projects.c.due_at < now + timedelta(days=1)
            )
            # What was never there is asked for again a few times, in case that it is only late.
            is_awaited = projects.c.read_at.is_(None) & (projects.c.missing_count > 0)
            is_open &= ~is_awaited | (projects.c.due_at < now)
            waiting = select(func.count()).select_from(projects)
            waits = connection.scalar(waiting.where(is_open | projects.c.plan_from.is_not(None)))
            unwritten = connection.scalar(select(func.count()).select_from(pages))
        return not waits and not unwritten


def _holds(is_true: Callable[[], bool]) -> bool:
    try:
        return is_true()
    except httpx2.TransportError:
        return False


@contextmanager
def running(folder: Path, upstream: FakeUpstream) -> Iterator[Server]:
    """Set a server up; inside `with` its programs can be started."""
    server = Server(folder, upstream)
    try:
        yield server
    finally:
        server.stop()
