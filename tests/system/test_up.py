"""The whole line: a real index server, real programs, a real sandbox, real pip and uv."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from fake_upstream import FakeUpstream
from line import PATIENCE, Line, add_zoo
from processes import has_ended
from wheels import make_wheel
from wheelyard.model.build import BuildState

pytestmark = pytest.mark.system

UV = Path(sys.executable).with_name("uv")
CLEAN = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def line(tmp_path: Path, upstream: FakeUpstream) -> Iterator[Line]:
    # The user that builds run as cannot get into the folders of pytest.
    with tempfile.TemporaryDirectory(prefix="wheelyard-line-") as folder:
        Path(folder).chmod(0o711)
        yield Line(tmp_path, upstream, BUILDER__FOLDER=folder)


def import_in(python: Path, statement: str) -> str:
    done = subprocess.run(
        [python, "-c", statement], check=True, capture_output=True, text=True, env=CLEAN
    )
    return done.stdout.strip()


def clean_environment(folder: Path, *options: str) -> Path:
    """Make a virtual environment of the distribution's Python, and return its interpreter."""
    subprocess.run(["/usr/bin/python3", "-m", "venv", *options, folder], check=True, env=CLEAN)
    return folder / "bin" / "python"


def test_sdists_become_wheels_that_pip_and_uv_install(
    tmp_path: Path, line: Line, upstream: FakeUpstream
) -> None:
    add_zoo(upstream, tmp_path, "good-pure", "good-extension", "compile-error")
    upstream.add_file(
        "covered", make_wheel(tmp_path, name="covered", tags=["py3-none-any"], files={})
    )
    wanted = ("zoo-good-pure", "zoo-good-extension==1.0", "covered")
    with line.serving(*wanted) as process:
        line.wait_for("uv pip install")
        assert "covered==1.0" in line.printed()
        pip = clean_environment(tmp_path / "pip")
        offer = [
            "--no-cache-dir",
            "--isolated",
            "--index-url",
            line.index,
            "--only-binary",
            ":all:",
        ]
        installed: list[str | Path] = [
            pip,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            *offer,
        ]
        subprocess.run(
            [*installed, "zoo-good-extension", "zoo-good-pure"], check=True, capture_output=True
        )
        statement = "import zoo_good_extension as z; print(z.answer())"
        assert import_in(pip, statement) == "42"
        uv = clean_environment(tmp_path / "uv", "--without-pip")
        uv_offer = ["--no-config", "--no-cache", "--no-build", "--index-url", line.index]
        subprocess.run(
            [UV, "pip", "install", *uv_offer, "--python", uv, "zoo-good-extension"],
            check=True,
            capture_output=True,
            env=CLEAN,
        )
        assert import_in(uv, statement) == "42"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert line.children() == {}
    assert [build.state for build in line.builds()] == [BuildState.SUCCEEDED] * 2


def test_a_second_run_goes_on_and_builds_nothing_twice(
    tmp_path: Path, line: Line, upstream: FakeUpstream
) -> None:
    add_zoo(upstream, tmp_path, "good-pure", "good-extension")
    first = line.once("zoo-good-pure")
    assert first.returncode == 0, first.stderr + line.programs()
    second = line.once("zoo-good-pure", "zoo-good-extension")
    assert second.returncode == 0, second.stderr + line.programs()
    assert sorted(build.project for build in line.builds()) == [
        "zoo-good-extension",
        "zoo-good-pure",
    ]
    assert line.children() == {}


def test_what_cannot_be_had_is_said_and_the_exit_status_tells(
    tmp_path: Path, line: Line, upstream: FakeUpstream
) -> None:
    add_zoo(upstream, tmp_path, "good-pure", "compile-error")
    done = line.once("zoo-good-pure", "zoo-compile-error", "nowhere", "zoo-good-pure==9.9")
    rows = {words[0]: words for words in map(str.split, table(done.stdout)) if words}
    assert done.returncode == 1
    assert "failed" in rows["zoo-compile-error"]
    assert "unknown" in rows["nowhere"]
    assert "no such project" in done.stdout
    assert "no release 9.9" in done.stdout


def table(printed: str) -> list[str]:
    """Return the rows of the table that ends a run."""
    lines = printed.splitlines()
    start = next(number for number, text in enumerate(lines) if set(text.strip()) <= set("─┼ ━╇"))
    return lines[start + 1 :]


@pytest.mark.soak
def test_a_builder_that_is_killed_again_and_again_loses_nothing(
    tmp_path: Path, line: Line, upstream: FakeUpstream
) -> None:
    names = ("good-pure", "good-extension", "leaves-daemons", "writes-outside")
    add_zoo(upstream, tmp_path, *names)
    projects = [f"zoo-{name}" for name in names]
    chance = random.Random(20261123)
    with line.serving(*projects) as process:
        for _ in range(6):
            time.sleep(chance.uniform(0.5, 2.5))
            pid = line.child("builder")
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        line.wait_for("uv pip install")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    succeeded = [build for build in line.builds() if build.state is BuildState.SUCCEEDED]
    assert sorted(build.project for build in succeeded) == sorted(projects)
    assert line.children() == {}


def test_when_everything_is_killed_the_next_run_picks_it_up(
    tmp_path: Path, line: Line, upstream: FakeUpstream
) -> None:
    add_zoo(upstream, tmp_path, "good-extension", "hangs")
    with line.serving("zoo-hangs", "zoo-good-extension") as process:
        line.wait_for(" build")
        pids = line.children()
        process.kill()
    assert all(has_ended(pid) for pid in pids)
    done = line.once("zoo-good-extension")
    assert done.returncode == 0, done.stdout + done.stderr + line.programs()


def test_the_sandbox_shows_nothing_of_the_machine_to_a_real_build(
    tmp_path: Path, line: Line, upstream: FakeUpstream
) -> None:
    add_zoo(upstream, tmp_path, "probe")
    with line.serving("zoo-probe") as process:
        line.wait_for("uv pip install")
        page = urllib.request.Request(
            f"{line.index}zoo-probe/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
        )
        with urllib.request.urlopen(page) as answer:
            [file] = json.load(answer)["files"]
        wheel = tmp_path / "probe.whl"
        urllib.request.urlretrieve(urljoin(f"{line.index}zoo-probe/", file["url"]), wheel)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    with zipfile.ZipFile(wheel) as archive:
        report = archive.read("zoo_probe/report.json").decode()
    for secret in (str(tmp_path), socket.gethostname(), "wy_", str(line.data)):
        assert secret not in report


def test_two_runs_do_not_share_a_folder(tmp_path: Path, line: Line, upstream: FakeUpstream) -> None:
    add_zoo(upstream, tmp_path, "good-pure")
    with line.serving("zoo-good-pure") as process:
        line.wait_for("zoo-good-pure")  # Whoever reports on projects has the folder.
        other = line.once("zoo-good-pure")
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    assert (other.returncode, "Another `wheelyard up`" in other.stderr) == (2, True)


def test_a_port_that_is_taken_is_named(line: Line) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", line.port))
        taken.listen()
        done = line.once("zoo-good-pure")
    assert (done.returncode, f":{line.port}" in done.stderr) == (2, True)


@pytest.mark.parametrize("project", ["evdev>=1", "../etc", "a b"])
def test_what_is_no_project_is_refused(line: Line, project: str) -> None:
    done = line.once(project)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_is_refused_by_name(tmp_path: Path, upstream: FakeUpstream) -> None:
    done = Line(tmp_path, upstream, PROT="1").once("zoo-good-pure")
    assert (done.returncode, "WHEELYARD_PROT" in done.stderr) == (2, True)
