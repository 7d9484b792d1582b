"""Real pip and real uv install a published wheel from a server on a real socket."""

import platform
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from serving import serving
from wheelyard.clock import SettableClock
from wheelyard.model.names import TargetName
from wheelyard.protocol import PREFIX
from yard import Yard, make_yard

INTERPRETER = f"cp{sys.version_info.major}{sys.version_info.minor}"
TAG = f"{INTERPRETER}-{INTERPRETER}-linux_{platform.machine()}"
HERE = TargetName(f"bookworm-{INTERPRETER}-{platform.machine()}")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A server with a wheel for the machine that runs the tests."""
    yard = make_yard(tmp_path / "yard")
    yard.activate(HERE)
    yard.project("Wheelyard.Spam", versions=("1.0", "2.0"))
    for version in ("1.0", "2.0"):
        yard.publish(
            "Wheelyard.Spam",
            version=version,
            target=HERE,
            tags=(TAG,),
            requires_python=">=3.9",
            files={"wheelyard_spam.py": f"version = '{version}'\n".encode()},
        )
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a clean environment."""
    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    return tmp_path / "environment/bin/python"


def run(*arguments: str | Path, home: Path) -> str:
    """Run a program that knows nothing of this machine's settings and reaches loopback only."""
    finished = subprocess.run(
        arguments,
        env={
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "PIP_CONFIG_FILE": "/dev/null",
            "UV_NO_CONFIG": "1",
            "UV_CACHE_DIR": str(home / "uv"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


@pytest.mark.parametrize("index", ["simple/", "bookworm/simple", "simple//"])
def test_pip_installs_the_newest_wheel(
    yard: Yard, python: Path, tmp_path: Path, index: str
) -> None:
    with serving(yard) as url:
        run(
            *(sys.executable, "-m", "pip", "--python", python, "install", "--no-cache-dir"),
            *("--disable-pip-version-check", "--index-url", url + index, "wheelyard_spam"),
            home=tmp_path,
        )
    told = run(python, "-c", "import wheelyard_spam as s; print(s.version)", home=tmp_path)
    assert told == "2.0\n"


def test_pip_resolves_by_the_metadata_alone(yard: Yard, tmp_path: Path) -> None:
    for key in list(yard.store.keys("packages")):
        if not key.endswith(".metadata"):
            yard.store.delete(key)
    with serving(yard) as url:
        told = run(
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"),
            *("--no-cache-dir", "--disable-pip-version-check"),
            *("--index-url", f"{url}simple/", "wheelyard-spam==1.0"),
            home=tmp_path,
        )
    assert "Would install Wheelyard.Spam-1.0" in told


def test_uv_installs_what_was_asked_for(yard: Yard, python: Path, tmp_path: Path) -> None:
    with serving(yard) as url:
        run(
            *(sys.executable, "-m", "uv", "pip", "install", "--python", python),
            *("--index-url", f"{url}simple/", "Wheelyard.Spam==1.0"),
            home=tmp_path,
        )
    told = run(python, "-c", "import wheelyard_spam as s; print(s.version)", home=tmp_path)
    assert told == "1.0\n"


def test_uv_does_not_pick_a_yanked_release(yard: Yard, python: Path, tmp_path: Path) -> None:
    yard.project("Wheelyard.Spam", versions=("2.0",), yanked=True, yanked_reason="it bites")
    yard.publisher.tick()
    with serving(yard) as url:
        command = (sys.executable, "-m", "uv", "pip", "install", "--python", python)
        told = run(*command, "--index-url", f"{url}simple/", "wheelyard-spam", home=tmp_path)
    assert "1.0" in told
    assert "2.0" not in told


class WatchedClock(SettableClock):
    """A clock that counts how often it is asked: whoever waits for a job asks again and again."""

    asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return super().now()


def test_stopping_the_server_sends_waiting_builders_away(yard: Yard) -> None:
    headers = {"Authorization": f"Bearer {yard.builder()}"}
    message = {"targets": [HERE], "free_memory_bytes": 1, "wait_seconds": 30.0}
    answers: list[int] = []

    def claim(url: str) -> None:
        answer = httpx2.post(f"{url}{PREFIX[1:]}/claim", json=message, headers=headers, timeout=60)
        answers.append(answer.status_code)

    clock = WatchedClock()
    yard.app.state.wheelyard = replace(yard.state, clock=clock)
    with serving(yard) as url:
        waiting = threading.Thread(target=claim, args=(url,))
        waiting.start()
        while clock.asked < 4:
            time.sleep(0.01)
    waiting.join()
    assert answers == [204]


def test_a_wheel_comes_in_ranges_over_a_real_connection(yard: Yard) -> None:
    (key, *_) = (key for key in yard.store.keys("packages") if key.endswith(".whl"))
    whole = yard.store.get(key)
    with serving(yard) as url, httpx2.Client() as client:
        head = client.head(url + key)
        assert (head.headers["Content-Length"], head.content) == (str(len(whole)), b"")
        part = client.get(url + key, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole[10:20])
        assert client.get(url + key).content == whole
        assert "server" not in head.headers
