"""The story of one build: fetch, build in the sandbox, inspect."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import httpx2

from wheelyard.builder import hooks, source
from wheelyard.builder.cutoff import cutoff
from wheelyard.builder.environments.choice import Environments, Surroundings
from wheelyard.builder.hooks import Workplace
from wheelyard.builder.importing import ImportPlace, check_imports
from wheelyard.builder.inspecting import Finished, finish_wheel
from wheelyard.builder.installing import Index
from wheelyard.builder.report import Reporting
from wheelyard.builder.requirements import (
    INSIDE,
    BuildSystem,
    is_satisfied,
    make_environment,
    read_build_system,
)
from wheelyard.builder.sandbox.folders import BuildUser, hand_over
from wheelyard.builder.sandbox.sandbox import Sandbox
from wheelyard.certify.inspection import failure_of
from wheelyard.errors import (
    EnvironmentUnusable,
    HostileContent,
    InvalidName,
    PackagesMissing,
    WheelyardError,
)
from wheelyard.model.build import Failure, FailureKind, Limits, Phase
from wheelyard.model.certificate import Certificate, Check, CheckResult
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile
from wheelyard.protocol import BuildLease

_Value = TypeVar("_Value")
_OLDEST_ZIP_TIME = datetime(1980, 1, 2, tzinfo=UTC)
"""Zip archives cannot hold earlier times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every build on this machine is made with; `server` is whom it works for."""

    sandbox: Sandbox
    environments: Environments
    user: BuildUser | None
    client: httpx2.Client
    folder: Path
    processors: int
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a build: a wheel's file with what was certified of it, or a failure.

    `build_seconds` is how long the project's own code ran, in the `environment` of that digest;
    `checks` and `dependencies` are what the server is told of the wheel besides.
    """

    result: tuple[Path, WheelFile] | Failure
    build_seconds: float
    environment: str | None = None
    environment_digest: str | None = None
    checks: tuple[Check, ...] = ()
    dependencies: tuple[str, ...] = ()


class _Failed(Exception):
    """Carries a failure out of the story's steps."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


def build(
    bench: Bench,
    lease: BuildLease,
    report: Reporting,
    *,
    work: Path,
    visit: Callable[[Workplace, Path], None] | None = None,
) -> Outcome:
    """Make the wheel that a lease asks for; `work` is a new folder of this build's own.

    Where the project's code fails, `visit` is given the place, with the folder of the build
    environment, while everything is as it was.

    Raises:
        LeaseLost: as soon as the build is not ours any more.
        Stopped: as soon as the builder is told to stop.
    """
    story = _Story(visit)
    try:
        finished, imported = _build(bench, lease, report, work=work, story=story)
    except _Failed as failed:
        report.say(f"{failed.failure.kind.value}: {failed.failure.message}")
        outcome = Outcome(result=failed.failure, build_seconds=story.timer.seconds)
    else:
        outcome = Outcome(
            result=(finished.path, finished.wheel),
            build_seconds=story.timer.seconds,
            checks=(*finished.checks, imported),
            dependencies=finished.dependencies,
        )
    return replace(outcome, environment=story.environment, environment_digest=story.digest)


def _build(
    bench: Bench,
    lease: BuildLease,
    report: Reporting,
    *,
    work: Path,
    story: "_Story",
) -> tuple[Finished, Check]:
    limits, target = lease.limits.limits(), lease.target.target()
    own = None if bench.server is None else f"{bench.server.rstrip('/')}/{target.channel}/simple/"
    index = Index(url=lease.index_url, folder=bench.folder, own=own)
    report.enter(Phase.FETCH)
    sdist = _must(
        source.fetch(
            bench.client,
            lease.sdist.reference(),
            cache=bench.folder / "sdists",
            limits=limits,
            check=report.check,
        )
    )
    project_folder = _must(source.unpack(sdist, work / "source", limits=limits))
    system = _must(read_build_system(project_folder))
    requires = (*system.requires, *lease.recipe.requirements)
    environment = _environment(requires, lease, index, report)
    packages = lease.recipe.debian_packages
    with _surroundings(bench, packages, target, report, story=story) as (around, sandbox):
        workplace = _workplace(bench, lease, project_folder, sandbox=sandbox, work=work)
        try:
            filename = _run_hooks(workplace, system, environment, lease, index, report, story)
        except _Failed:
            story.show(workplace)
            raise
        report.enter(Phase.INSPECT)
        taken = _take(workplace.output, filename, work / "taken", limits=limits)
        private = (str(work), str(bench.folder))
        finished = _must(finish_wheel(taken, lease, around=around, private=private))
    imported = _imported(bench, lease, finished, report, work=work, index=index, story=story)
    return finished, imported


def _imported(  # noqa: PLR0913 - all that one try needs
    bench: Bench,
    lease: BuildLease,
    finished: Finished,
    report: Reporting,
    *,
    work: Path,
    index: Index,
    story: "_Story",
) -> Check:
    """Import the wheel's modules in an environment that has nothing of its build."""
    limits, target = lease.limits.limits(), lease.target.target()
    packages = bench.environments.lacking(target, finished.packages)
    with _surroundings(bench, packages, target, report, story=story) as (_, sandbox):
        place = ImportPlace(
            sandbox=sandbox, user=bench.user, folder=work / "import", index=index, limits=limits
        )
        check = _must(check_imports(finished.contents, target, place, report))
    report.say(f"import: {check.message}")
    if check.result is CheckResult.FAIL:
        raise _Failed(failure_of(Certificate(checks=(check,))))
    return check


def _run_hooks(  # noqa: PLR0913, PLR0917 - what the project's code runs in and with
    workplace: Workplace,
    system: BuildSystem,
    environment: Path,
    lease: BuildLease,
    index: Index,
    report: Reporting,
    story: "_Story",
) -> str:
    """Let the project's code run; return the name of the wheel that it says it has made."""
    story.build_environment = environment
    report.enter(Phase.BUILD)
    with story.timer:
        more = _must(hooks.requirements_of(workplace, system, environment, write=report.write))
    if not is_satisfied(more, environment):
        report.enter(Phase.FETCH)
        requires = (*system.requires, *lease.recipe.requirements, *more)
        environment = _environment(requires, lease, index, report)
        story.build_environment = environment
        report.enter(Phase.BUILD)
    with story.timer:
        return _build_wheel(workplace, system, environment, report, used=story.timer.seconds)


def _environment(
    requires: tuple[str, ...], lease: BuildLease, index: Index, report: Reporting
) -> Path:
    """Return a build environment; of today, or as it was when the release was new."""
    target = lease.target.target()
    released_at = lease.sdist.uploaded_at if lease.recipe.as_of_release else None
    before = cutoff(released_at, python=target.python)
    as_of = "" if before is None else f" as of {before:%Y-%m-%d}"
    report.say(f"build requirements{as_of}: {', '.join(requires) or 'none'}")
    day = datetime.now(UTC).date()
    index = replace(index, before=before)
    return _must(make_environment(requires, target, index, day=day, check=report.check))


@contextmanager
def _surroundings(
    bench: Bench,
    packages: Sequence[str],
    target: Target,
    report: Reporting,
    *,
    story: "_Story",
) -> Iterator[tuple[Surroundings, Sandbox]]:
    """Yield the system in which the project's code runs, with Debian packages, and its sandbox."""
    if packages:
        report.say(f"Debian packages: {', '.join(packages)}")
    opened = bench.environments.opened(target, packages, say=report.say, check=report.check)
    with ExitStack() as held:
        try:
            around = held.enter_context(opened)
        except (PackagesMissing, InvalidName) as error:
            kind = FailureKind.MISSING_SYSTEM_PACKAGE
            raise _Failed(_without_packages(kind, error, packages)) from None
        except EnvironmentUnusable as error:
            kind = FailureKind.INFRASTRUCTURE
            raise _Failed(_without_packages(kind, error, packages)) from None
        story.environment, story.digest = around.name, around.digest
        if around.not_added:
            report.say(f"this builder cannot add {', '.join(around.not_added)}")
        if around.digest is not None:
            report.say(f"environment: {around.name} {around.digest}")
        yield around, bench.sandbox if around.view is None else bench.sandbox.showing(around.view)


def _without_packages(kind: FailureKind, error: WheelyardError, packages: Sequence[str]) -> Failure:
    return Failure(
        kind=kind,
        message="The environment that the build needs could not be made.",
        subject=", ".join(packages) or None,
        evidence=(str(error),),
    )


def _build_wheel(
    workplace: Workplace, system: BuildSystem, environment: Path, report: Reporting, *, used: float
) -> str:
    left = hooks.with_time_left(workplace, timedelta(seconds=used))
    return _must(hooks.build_wheel(left, system, environment, write=report.write))


def _workplace(
    bench: Bench,
    lease: BuildLease,
    project_folder: Path,
    *,
    sandbox: Sandbox,
    work: Path,
) -> Workplace:
    output, control = work / "output", work / "control"
    for folder in (output, control):
        folder.mkdir()
    for folder in (project_folder, output):
        hand_over(folder, bench.user)
    return Workplace(
        sandbox=sandbox,
        user=bench.user,
        source=project_folder,
        output=output,
        control=control,
        environment=_variables(lease, processors=bench.processors),
        limits=lease.limits.limits(),
    )


def _variables(lease: BuildLease, *, processors: int) -> dict[str, str]:
    """Return the variables of a build; the same release gets the same ones at any time."""
    released_at = max(lease.sdist.uploaded_at or _OLDEST_ZIP_TIME, _OLDEST_ZIP_TIME)
    jobs = min(lease.recipe.jobs or processors, processors)
    return {
        "PATH": f"{INSIDE}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/tmp/home",  # noqa: S108 - a path inside the sandbox
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_NO_INDEX": "1",
        "SOURCE_DATE_EPOCH": str(int(released_at.timestamp())),
        "MAKEFLAGS": f"-j{jobs}",
        "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs),
        "CARGO_BUILD_JOBS": str(jobs),
        **lease.recipe.environment,
    }


def _take(output: Path, filename: str, destination: Path, *, limits: Limits) -> Path:
    """Copy the one wheel that was made out of the build user's folder, which nobody else trusts."""
    found = sorted(entry.name for entry in output.iterdir())
    if found != [filename] or not filename.endswith(".whl"):
        raise _Failed(
            Failure(
                kind=FailureKind.OUTPUT_INVALID,
                message="The build did not make exactly the one wheel that it says.",
                evidence=(f"it says {filename[:200]!r}", f"there is {', '.join(found[:10])!r}"),
            )
        )
    destination.mkdir()
    wheel = destination / filename
    try:
        with (
            hooks.open_plain_file(output / filename, limit=limits.output_bytes) as stream,
            wheel.open("xb") as copy,
        ):
            shutil.copyfileobj(stream, copy)
    except HostileContent as error:
        message = f"The wheel must not be used: {error}"
        raise _Failed(Failure(kind=FailureKind.OUTPUT_INVALID, message=message)) from None
    return wheel


def _must(value: _Value | Failure) -> _Value:
    """Return a step's result, or end the story with its failure."""
    if isinstance(value, Failure):
        raise _Failed(value)
    return value


class _Timer:
    """Adds up the time spent inside `with`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.monotonic() - self._begun


@dataclass(slots=True)
class _Story:
    """What is known of a build so far, however it ends."""

    visit: Callable[[Workplace, Path], None] | None
    timer: _Timer = field(default_factory=_Timer)
    environment: str | None = None
    digest: str | None = None
    build_environment: Path | None = None

    def show(self, workplace: Workplace) -> None:
        """Let whoever wants to see where the build has failed."""
        if self.visit is not None and self.build_environment is not None:
            self.visit(workplace, self.build_environment)
