"""`wheelyard up` as a person runs it: a process, what it prints, and how it ends."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from fake_upstream import FakeUpstream
from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import connect, reading
from wheelyard.model.summary import BuildSummary
from zoo import make_sdist

WHEELYARD = Path(sys.executable).with_name("wheelyard")
PATIENCE = 300.0


def add_zoo(upstream: FakeUpstream, folder: Path, *names: str) -> None:
    """Put projects of the zoo on an index."""
    for name in names:
        upstream.add_file(f"zoo-{name}", make_sdist(name, folder))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Upstream(Protocol):
    """An index to follow, by its address."""

    @property
    def url(self) -> str: ...


class Line:
    """One `wheelyard up`, its folder and its index."""

    def __init__(self, folder: Path, upstream: Upstream, **settings: str) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.upstream = upstream
        self.settings = {f"WHEELYARD_{key}": value for key, value in settings.items()}
        self.output = folder / "output"

    @property
    def index(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple/"

    def words(self, *projects: str, once: bool) -> Sequence[str | Path]:
        options = ["--data", str(self.data), "--port", str(self.port)]
        options += ["--upstream", self.upstream.url, *(["--once"] if once else [])]
        return [WHEELYARD, "up", *options, *projects]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings}

    def once(self, *projects: str) -> "subprocess.CompletedProcess[str]":
        """Run until nothing is left to do."""
        return subprocess.run(
            self.words(*projects, once=True),
            env=self.environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @contextmanager
    def serving(self, *projects: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run without an end inside `with`; whoever has not stopped it by then has it killed."""
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                self.words(*projects, once=False),
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def wait_for(self, text: str) -> None:
        """Wait until something is printed."""
        give_up_at = time.monotonic() + PATIENCE
        while text not in self.printed():
            assert time.monotonic() < give_up_at, self.printed() + self.programs()
            time.sleep(0.1)

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8") if self.output.exists() else ""

    def programs(self) -> str:
        """Return what the programs have logged."""
        logs = sorted((self.data / "programs").glob("*.log"))
        return "".join(log.read_text(encoding="utf-8") for log in logs)

    def builds(self) -> list[BuildSummary]:
        engine = connect(f"sqlite:///{self.data / 'wheelyard.sqlite'}")
        with reading(engine) as connection:
            found = build_summaries(connection, limit=1000)
        engine.dispose()
        return found

    def children(self) -> dict[int, str]:
        """Return the processes that know of our data folder by their environment."""
        marker = f"WHEELYARD_DATA={self.data}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            if marker in _read(folder / "environ").split(b"\0"):
                found[int(folder.name)] = _read(folder / "cmdline").decode(errors="replace")
        return found

    def child(self, name: str) -> int | None:
        """Return the process of one program, if it runs."""
        ending = f"\0-m\0wheelyard\0{name}\0"
        pids = [pid for pid, words in self.children().items() if words.endswith(ending)]
        return min(pids, default=None)


def _read(file: Path) -> bytes:
    try:
        stream: IO[bytes]
        with file.open("rb") as stream:
            return stream.read()
    except OSError:
        return b""
