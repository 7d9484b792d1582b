"""Fifteen real projects, each built natively, under emulation and with cross compilers.

    wheelyard environment create bookworm-amd64              # and bookworm-amd64-cross,
    wheelyard environment create bookworm-armhf              # as root
    python bench/cross.py RESULTS native cross emulated      # an hour or two; goes on where it was
    python bench/cross.py RESULTS                            # the section of the report

What counts is the processor time of the back end's hooks, which does not depend on what else the
machine does; the time on the clock is told beside it. `make bench` keeps what this has written.
"""

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path

import httpx2
from packaging.version import Version

from wheelyard.builder import host
from wheelyard.builder.attempt import Bench
from wheelyard.builder.build import Outcome, build
from wheelyard.builder.environments.choice import open_environments
from wheelyard.builder.environments.view import View
from wheelyard.builder.reproducing import Told
from wheelyard.builder.sandbox.folders import build_user
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.builder.sandbox.sandbox import Command, Result, Sandbox
from wheelyard.client import http_client
from wheelyard.model.build import Failure, Limits
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import Release, releases
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target, target_from_name
from wheelyard.protocol import (
    BuildLease,
    LimitsMessage,
    RecipeMessage,
    SdistMessage,
    TargetMessage,
)
from wheelyard.queue.policy import sdist_reference
from wheelyard.settings import Settings
from wheelyard.upstream.configured import default_index_url
from wheelyard.upstream.index import Upstream

TITLE = "## Native, emulated and cross builds"
PROJECTS = {
    "markupsafe": "C, setuptools",
    "wrapt": "C, setuptools",
    "lru-dict": "C, setuptools",
    "bitarray": "C, setuptools",
    "xxhash": "C, setuptools",
    "ujson": "C++, setuptools",
    "kiwisolver": "C++, setuptools",
    "msgpack": "Cython, setuptools",
    "cffi": "C, setuptools, Debian's libffi",
    "xattr": "cffi",
    "argon2-cffi-bindings": "cffi",
    "levenshtein": "Cython, scikit-build-core",
    "memory-allocator": "Cython, meson-python",
    "dbus-python": "C, meson-python, Debian's libdbus",
    "idna": "pure, flit",
}
_PACKAGES = {"cffi": ("libffi-dev",), "dbus-python": ("libdbus-1-dev", "libglib2.0-dev")}
_LANES = {
    "native": "bookworm-cp311-x86_64",
    "emulated": "bookworm-cp311-armv7l",
    "cross": "bookworm-cp311-armv7l",
}
_HOOKS = "/build/hook_runner.py"
_LONG = 3600.0


@dataclass
class Meter:
    """A sandbox that adds up the processor time of the hooks which run in it."""

    sandbox: Sandbox
    name: str = "bubblewrap"
    seconds: float = 0.0
    parent: "Meter | None" = None

    def showing(self, view: View) -> "Meter":
        """Return this sandbox with another system for its commands to see."""
        return Meter(sandbox=self.sandbox.showing(view), parent=self)

    def run(self, command: Command, *, output: Callable[[bytes], None]) -> Result:
        """Run a command; see `wheelyard.builder.sandbox.sandbox.Sandbox`."""
        before = _processor_seconds()
        result = self.sandbox.run(command, output=output)
        if _HOOKS in command.arguments:
            (self.parent or self).seconds += _processor_seconds() - before
        return result


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(results: Path, lanes: Sequence[str], projects: Sequence[str]) -> None:
    """Build what is not on record yet, and write each figure down at once."""
    settings = Settings()
    client = http_client(contact="bench", timeout=settings.upstream.timeout)
    with client, tempfile.TemporaryDirectory(prefix="wheelyard-bench-", dir="/var/tmp") as place:
        folder = Path(place)
        folder.chmod(0o711)
        with _own_index(results.with_suffix(".index")) as own:
            done = {(one["project"], one["lane"]) for one in read(results)}
            # In turn, so that whatever else the machine does tells on all lanes alike.
            for project, lane in product(projects, lanes):
                if (project, lane) not in done:
                    told = _measure(settings, client, folder, lane, project, own)
                    with results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(told) + "\n")


@contextmanager
def _own_index(folder: Path) -> Iterator["_Own"]:
    """Serve what was built so far, for what is built with it, or needs it to be imported."""
    (folder / "bookworm" / "simple").mkdir(parents=True, exist_ok=True)
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield _Own(folder, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@dataclass(frozen=True, slots=True)
class _Own:
    folder: Path
    address: str


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _measure(  # noqa: PLR0913, PLR0917 - all that one figure needs
    settings: Settings, client: httpx2.Client, folder: Path, lane: str, project: str, own: _Own
) -> dict[str, object]:
    meter = Meter(sandbox=open_sandbox(settings))
    bench = Bench(
        sandbox=meter,
        environments=open_environments(settings, is_isolated=True),
        user=build_user(settings),
        client=client,
        folder=folder,
        processors=host.machine().processors,
        server=own.address,
    )
    lease = _lease(Upstream(client, default_index_url()), project, lane)
    work = Path(tempfile.mkdtemp(dir=folder))
    work.chmod(0o711)
    log = work.with_suffix(".log")
    with log.open("wb") as stream:
        outcome = build(bench, lease, Told(stream, stop=threading.Event()), work=work)
    if not isinstance(outcome.result, Failure):
        shelf = own.folder / "bookworm" / "simple" / lease.project
        shelf.mkdir(parents=True, exist_ok=True)
        shutil.copy(outcome.result[0], shelf)
    print(f"{lane} {project} {lease.version}: {_shown(outcome)}", flush=True)
    if isinstance(outcome.result, Failure) or outcome.cross_failure is not None:
        print(log.read_text(errors="replace")[-3000:], flush=True)
    return {
        "lane": lane,
        "project": project,
        "version": lease.version,
        "result": _shown(outcome),
        "is_cross": "cross-compiled with" in log.read_text(errors="replace")
        and outcome.cross_failure is None,
        "clock": outcome.build_seconds,
        "processor": meter.seconds,
        "at": datetime.now(UTC).isoformat(),
    }


def _shown(outcome: Outcome) -> str:
    if isinstance(outcome.result, Failure):
        return f"{outcome.result.kind.value}: {outcome.result.message}"
    if outcome.cross_failure is not None:
        return f"fell back: {outcome.cross_failure.kind.value}: {outcome.cross_failure.message}"
    imported = next(check for check in outcome.checks if check.name == "import")
    return f"{outcome.result[1].filename}, import: {imported.result.value}"


def _lease(upstream: Upstream, project: str, lane: str) -> BuildLease:
    name = parse_project_name(project)
    target: Target = target_from_name(_LANES[lane])
    found = releases(upstream.project_page(name))
    version = max(each for each, release in found.items() if _is_fit(each, release, target))
    sdist = sdist_reference(found[version])
    if sdist is None:
        raise SystemExit(f"{project} has no source distribution")
    recipe = Recipe(debian_packages=_PACKAGES.get(project, ()))
    return BuildLease(
        build_id=uuid.uuid4().hex,
        number=0,
        project=name,
        version=str(version),
        target=TargetMessage.of(target),
        sdist=SdistMessage.of(sdist),
        recipe=RecipeMessage.of(recipe),
        limits=LimitsMessage.of(Limits()),
        index_url=default_index_url(),
        may_cross=lane == "cross",
        lease_expires_at=datetime.now(UTC),
        heartbeat_seconds=_LONG,
    )


def _is_fit(version: Version, release: Release, target: Target) -> bool:
    admitted = all(target.admits(file.requires_python) for file in release.files)
    return admitted and not version.is_prerelease and sdist_reference(release) is not None


def read(results: Path) -> list[dict[str, object]]:
    """Return the figures on record."""
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def report(figures: Iterable[dict[str, object]]) -> str:
    """Return the section of the report as Markdown."""
    known = {(str(one["project"]), str(one["lane"])): one for one in figures}
    until = max(str(one["at"]) for one in known.values())[:10]
    lines = [
        TITLE,
        "",
        f"Measured by `python bench/cross.py` until {until}:",
        "seconds of processor time of the back end's hooks (on the clock), each project's newest",
        "release. The machine was busy besides, in one lane more than in another, so the clock",
        f"tells little. Native is {_LANES['native']}, the others are {_LANES['cross']};",
        "a wheel counts only if its certificate passed, the import under emulation included.",
        "",
        "| project | made with | native | emulated | cross | cross : native | cross : emulated |",
        "|---|---|---|---|---|---|---|",
    ]
    for project, made_with in PROJECTS.items():
        native, emulated, cross = (known.get((project, lane)) for lane in _LANES)
        cells = [_cell(each) for each in (native, emulated, cross)]
        ratios = [_ratio(cross, native), _ratio(cross, emulated)]
        lines.append(f"| {project} | {made_with} | {' | '.join([*cells, *ratios])} |")
    for lane in ("native", "emulated"):
        shares = _shares(known, lane)
        median, most = (f"{number:.2f}" for number in (statistics.median(shares), max(shares)))
        lines += [
            "",
            f"Of {lane} time cross-compiling takes {median} in the median, {most} at most",
            f"({len(shares)} compiled projects).",
        ]
    notes = [
        f"- {project}: {one['result']}"
        for (project, lane), one in known.items()
        if lane == "cross" and (not one["is_cross"] or not _is_wheel(one))
    ]
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def _shares(known: dict[tuple[str, str], dict[str, object]], lane: str) -> list[float]:
    """Return how cross builds of compiled projects compare with another lane."""
    compiled = [project for project, made_with in PROJECTS.items() if "pure" not in made_with]
    found = [_ratio(known.get((name, "cross")), known.get((name, lane))) for name in compiled]
    return [float(ratio) for ratio in found if ratio]


def _cell(one: dict[str, object] | None) -> str:
    if one is None:
        return "not measured"
    if not _is_wheel(one):
        return "failed"
    return f"{float(str(one['processor'])):.1f} ({float(str(one['clock'])):.0f})"


def _is_wheel(one: dict[str, object]) -> bool:
    return ".whl" in str(one["result"]) or str(one["result"]).startswith("fell back")


def _ratio(one: dict[str, object] | None, other: dict[str, object] | None) -> str:
    if one is None or other is None or not one["is_cross"]:
        return ""
    if not _is_wheel(one) or not _is_wheel(other):
        return ""
    return f"{float(str(one['processor'])) / float(str(other['processor'])):.2f}"


if __name__ == "__main__":
    os.nice(10)
    words = sys.argv[2:]
    chosen = [word for word in words if word in PROJECTS] or list(PROJECTS)
    wanted = [word for word in words if word in _LANES]
    if wanted:
        measure(Path(sys.argv[1]), wanted, chosen)
    print(report(read(Path(sys.argv[1]))))
