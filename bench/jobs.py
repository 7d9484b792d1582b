"""A whole job, from claim to published wheel, beside plain `pip wheel` of the same source."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ports import free_port
from wheelyard.database import builds
from wheelyard.database.engine import connect, reading
from wheelyard.model.names import parse_project_name

ROUNDS = 5
PROJECTS = (("docopt==0.6.2", "a small pure project"), ("evdev==1.9.2", "a C extension"))
WHEELYARD = Path(sys.executable).with_name("wheelyard")


@dataclass(frozen=True, slots=True)
class JobFigures:
    """Median seconds of one project's job, ours and pip's, with cold and with warm caches."""

    project: str
    kind: str
    ours_cold: float
    pip_cold: float
    ours_warm: float
    pip_warm: float


def measure() -> list[JobFigures]:
    """Build each project in turn by both, `ROUNDS` times, and return the medians."""
    return [_measure(project, kind) for project, kind in PROJECTS]


def _measure(project: str, kind: str) -> JobFigures:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        runs: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            _pip(project, folder / "pip-warm", folder / f"w{number}")
            _ours(project, folder / f"data{number}", folder / "builder-warm")
            steps: dict[str, Callable[[], float]] = {
                "pip_cold": lambda n=number: _pip(project, None, folder / f"c{n}"),  # type: ignore[misc]
                "ours_cold": lambda n=number: _ours(  # type: ignore[misc]
                    project, folder / f"cold{n}", folder / f"builder-cold{n}"
                ),
                "pip_warm": lambda n=number: _pip(project, folder / "pip-warm", folder / f"v{n}"),  # type: ignore[misc]
                "ours_warm": lambda n=number: _ours(  # type: ignore[misc]
                    project, folder / f"warm{n}", folder / "builder-warm"
                ),
            }
            for label, step in steps.items():
                runs.setdefault(label, []).append(step())
    medians = {label: median(seconds) for label, seconds in runs.items()}
    return JobFigures(project=project, kind=kind, **medians)


def _pip(project: str, cache: Path | None, output: Path) -> float:
    """Time `pip wheel`; its cache of built wheels is emptied, its cache of downloads is kept."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if cache is not None and cache.exists():
        subprocess.run(
            [*pip, "--cache-dir", cache, "cache", "remove", "*"], check=False, capture_output=True
        )
    cached = ["--no-cache-dir"] if cache is None else ["--cache-dir", str(cache)]
    name = project.partition("==")[0]
    words = ["wheel", "--no-deps", "--no-binary", name, "--wheel-dir", str(output), project]
    started = time.monotonic()
    subprocess.run([*pip, *cached, *words], check=True, capture_output=True)
    return time.monotonic() - started


def _ours(project: str, data: Path, builder: Path) -> float:
    """Let `wheelyard up` build it, and return the time from the claim to the end of the job."""
    environment = {**os.environ, "WHEELYARD_BUILDER__FOLDER": str(builder)}
    words = ["up", "--once", "--force", "--data", str(data), "--port", str(free_port()), project]
    subprocess.run([WHEELYARD, *words], check=True, capture_output=True, env=environment)
    with reading(connect(f"sqlite:///{data / 'wheelyard.sqlite'}")) as connection:
        name = parse_project_name(project.partition("==")[0])
        [build] = builds.build_summaries(connection, project=name, limit=2)
    shutil.rmtree(data)
    assert build.duration is not None
    return build.duration.total_seconds()
