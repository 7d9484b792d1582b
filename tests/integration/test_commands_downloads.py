"""`wheelyard stats` and `wheelyard downloads …`."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import Commands
from wheelyard.clock import SystemClock

WHEEL = "evdev-1.0-cp311-cp311-linux_armv7l.whl"
FILE = f"/packages/ab/cd/{'e' * 60}/{WHEEL}"
PATIENCE_SECONDS = 300.0


def line(target: str = FILE, agent: str = "pip/23.0.1") -> str:
    now = SystemClock().now()
    return (
        f'203.0.113.9 - - [{now:%d/%b/%Y:%H:%M:%S} +0000] "GET {target} HTTP/1.1" 200 5 "-"'
        f' "{agent}"\n'
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "access.log"
    log.write_text(3 * line() + line("/simple/evdev/") + "attack by 203.0.113.77\n")
    return log


def test_a_log_is_counted_once_and_shown(wheelyard: Commands, log: Path) -> None:
    assert wheelyard.json("downloads", "count", str(log)) == {"lines": 5, "rejected": 1}
    assert wheelyard.json("downloads", "count", str(log)) == {"lines": 0, "rejected": 0}
    with log.open("a") as file:
        file.write(line())
    assert "1 lines were new" in wheelyard("downloads", "count", str(log)).output

    shown = wheelyard.json("stats")
    assert shown["all_time"]["downloads"] == 4
    assert shown["shares"]["installer"] == [{"value": "pip 23.0", "downloads": 4}]
    printed = wheelyard("stats").output
    assert "evdev" in printed
    assert "█" in printed
    assert "\ufffd" not in printed
    of_one = wheelyard("stats", "Evdev").output
    assert "Downloads of evdev" in of_one
    assert "installers told" not in of_one


def test_what_could_not_be_read_is_shown_without_addresses(wheelyard: Commands, log: Path) -> None:
    wheelyard("downloads", "count", str(log))
    told = wheelyard.json("downloads", "status")
    [rejected] = told["rejected"]
    assert rejected["lines"] == 1
    assert "attack" in rejected["samples"][0]
    assert "203.0.113" not in wheelyard("downloads", "status").output
    [source] = told["sources"]
    assert source["source"] == str(log)


@pytest.mark.parametrize(
    "words",
    [
        ["downloads", "count"],
        ["downloads", "count", "--stdin", "x.log"],
        ["downloads", "count", "no-such.log"],
        ["downloads", "count", "--stdin", "--name", "../x"],
        ["downloads", "import", "no-such.csv"],
        ["stats", "no/name"],
        ["stats", "unheard-of"],
    ],
)
def test_what_makes_no_sense_is_one_clear_line(wheelyard: Commands, words: list[str]) -> None:
    answer = wheelyard(*words)
    assert answer.exit_code != 0
    assert answer.errors.startswith("wheelyard: ")
    assert answer.errors.count("\n") == 1


def test_counts_go_out_and_come_in(wheelyard: Commands, log: Path, tmp_path: Path) -> None:
    wheelyard("downloads", "count", str(log))
    rows = wheelyard.json("downloads", "export", str(tmp_path / "out"))
    assert rows["files"] == 1
    assert "requests.csv" in wheelyard("downloads", "export", str(tmp_path / "out")).output
    imported = wheelyard.json("downloads", "import", str(tmp_path / "out"))
    assert imported == {"rows": sum(rows.values()), "was_imported_before": False}
    assert "before" in wheelyard("downloads", "import", str(tmp_path / "out")).output
    assert wheelyard.json("stats", "evdev")["all_time"]["downloads"] == 6


def test_what_came_through_a_pipe_is_counted_once_whatever_is_killed(wheelyard: Commands) -> None:
    command = [sys.executable, "-m", "wheelyard", "downloads", "count", "--stdin", "--name", "a"]

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ
        )

    spooled = wheelyard.yard.folder / "spool" / "a"
    with start() as first:
        assert first.stdin is not None
        first.stdin.write((2 * line()).encode())
        first.stdin.flush()
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not any(file.stat().st_size for file in spooled.glob("*")):
            assert time.monotonic() < give_up_at, "what came is not kept"
            time.sleep(0.05)
        first.kill()
    with start() as second:
        assert second.stdin is not None
        second.stdin.write(line().removesuffix("\n").encode())
        second.stdin.close()
        assert second.wait(PATIENCE_SECONDS) == 0
    assert wheelyard.json("stats")["all_time"]["downloads"] == 3


def test_what_cannot_be_kept_of_a_pipe_is_no_success(wheelyard: Commands) -> None:
    (wheelyard.yard.folder / "spool").touch()
    answer = subprocess.run(
        [sys.executable, "-m", "wheelyard", "downloads", "count", "--stdin", "--name", "a"],
        input=line().encode(),
        capture_output=True,
        check=False,
        env=os.environ,
        timeout=PATIENCE_SECONDS,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith(b"wheelyard: ")
    assert answer.stderr.count(b"\n") == 1


def test_an_export_that_cannot_be_written_is_one_clear_line(wheelyard: Commands, log: Path) -> None:
    answer = wheelyard("downloads", "export", str(log / "below-a-file"))
    assert answer.exit_code == 2
    assert answer.errors.startswith("wheelyard: ")
    assert answer.errors.count("\n") == 1
