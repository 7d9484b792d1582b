"""`wheelyard reproduce` as a person uses it: real builds, a real sandbox, a real terminal."""

import os
import pty
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_upstream import FakeUpstream
from line import PATIENCE, WHEELYARD, Line, add_zoo

pytestmark = pytest.mark.system

FAILING = "zoo-compile-error==1.0"


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Line]:
    """A line on which two projects of the zoo have been built; what follows changes neither."""
    home = tmp_path_factory.mktemp("line")
    add_zoo(upstream, home, "good-extension", "compile-error")
    with tempfile.TemporaryDirectory(prefix="wheelyard-line-") as folder:
        Path(folder).chmod(0o711)
        line = Line(home, upstream, BUILDER__FOLDER=folder)
        line.once("zoo-good-extension", FAILING)
        yield line


def environment(line: Line) -> dict[str, str]:
    return line.environment() | {
        "WHEELYARD_DATA": str(line.data),
        "WHEELYARD_UPSTREAM__URL": line.upstream.url,
        "WHEELYARD_PORT": str(line.port),
    }


def reproduce(line: Line, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [WHEELYARD, "reproduce", *words],
        env=environment(line),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def left(line: Line) -> list[str]:
    """Return what is left in the builder's work folder."""
    work = Path(line.settings["WHEELYARD_BUILDER__FOLDER"]) / "work"
    return [path.name for path in work.iterdir()]


def test_a_build_is_made_once_more_from_here_and_from_what_a_server_tells(
    tmp_path: Path, line: Line
) -> None:
    done = reproduce(line, "zoo-good-extension==1.0", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = (tmp_path / "out").iterdir()
    assert wheel.name in done.stdout

    failed = reproduce(line, FAILING)
    assert failed.returncode == 1
    assert "compile-error" in failed.stdout
    assert "as in build" in failed.stdout
    assert left(line) == []

    with line.serving("zoo-good-extension", FAILING):
        line.wait_for("Ready to install")
        server = line.index.removesuffix("simple/")
        away = reproduce(line, FAILING, "--server", server)
    assert away.returncode == 1, away.stdout + away.stderr
    assert "compile-error" in away.stdout
    missing = reproduce(line, FAILING, "--target", "trixie-cp313-x86_64")
    assert missing.returncode == 4
    assert "It was built for" in missing.stderr


class Terminal:
    """A person at a terminal, who has started `wheelyard reproduce --shell`."""

    def __init__(self, line: Line) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            words = ["wheelyard", "reproduce", FAILING, "--shell"]
            os.execve(WHEELYARD, words, environment(line))
        self.seen = ""

    def wait_for(self, text: str) -> None:
        give_up_at = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < give_up_at, self.seen
            if select.select([self._terminal], [], [], 0.2)[0]:
                self.seen += os.read(self._terminal, 65536).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def status(self) -> int:
        """Return how it ended, once it has."""
        give_up_at = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < give_up_at, self.seen
            try:
                if select.select([self._terminal], [], [], 0.1)[0]:
                    self.seen += os.read(self._terminal, 65536).decode(errors="replace")
            except OSError:
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._terminal)
                return os.waitstatus_to_exitcode(status)


def test_a_person_looks_round_where_a_build_failed(line: Line) -> None:
    person = Terminal(line)
    person.wait_for("end it with `exit`")
    person.wait_for("$ ")
    person.type('echo "path=$PATH" "me=$(id -u)" "in=$(pwd)"; ls pyproject.toml setup.py\n')
    person.wait_for("path=/build/environment/bin:/usr/bin")
    person.wait_for("me=1000 in=/build/source")
    person.type("cat /proc/net/dev | wc -l; echo counted\n")
    person.wait_for("counted\r\n")
    person.type("touch here && gcc --version | head -1 && echo compiler\n")
    person.wait_for("compiler\r\n")
    person.type("exit\n")
    assert person.status() == 1
    assert "compile-error" in person.seen
    assert left(line) == []


def test_a_shell_that_is_told_to_stop_leaves_nothing_behind(line: Line) -> None:
    person = Terminal(line)
    person.wait_for("$ ")
    os.kill(person.pid, signal.SIGTERM)
    person.status()
    assert left(line) == []
