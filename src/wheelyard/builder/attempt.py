"""One attempt at a wheel in one lane: prepare, build in the sandbox, inspect, import."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import httpx2

from wheelyard.builder import hooks
from wheelyard.builder.cross import files as cross_files
from wheelyard.builder.cross import toolchain as cross
from wheelyard.builder.cross.falling_back import is_to_be_remembered
from wheelyard.builder.cross.requirements import make_cross_environment
from wheelyard.builder.cross.toolchain import Toolchain, toolchain_of
from wheelyard.builder.cutoff import cutoff
from wheelyard.builder.environments.choice import Environments, Pair, Surroundings
from wheelyard.builder.hooks import Workplace
from wheelyard.builder.importing import ImportPlace, check_imports, is_untried
from wheelyard.builder.inspecting import Finished, finish_wheel
from wheelyard.builder.installing import Index
from wheelyard.builder.report import Reporting
from wheelyard.builder.requirements import INSIDE, BuildSystem, is_satisfied, make_environment
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
from wheelyard.model.environment import MACHINES
from wheelyard.model.target import Target
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


class Failed(Exception):
    """Carries a failure out of the steps of a build."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """All that one attempt has: `work` is a new folder of its own, `source` the unpacked project.

    With a `pair` of environments it is a cross build.
    """

    bench: Bench
    lease: BuildLease
    index: Index
    report: Reporting
    system: BuildSystem
    source: Path
    work: Path
    story: "Story"
    pair: Pair | None = None

    @property
    def target(self) -> Target:
        """What the wheel is for."""
        return self.lease.target.target()

    @property
    def toolchain(self) -> Toolchain | None:
        """The compilers of a cross build; None if it is none."""
        return None if self.pair is None else toolchain_of(self.pair)


def make_wheel(attempt: Attempt) -> tuple[Finished, Check]:
    """Make, inspect and import a wheel.

    Raises:
        Failed: with what went wrong.
    """
    bench, lease, report, work = attempt.bench, attempt.lease, attempt.report, attempt.work
    requires = (*attempt.system.requires, *lease.recipe.requirements)
    environment = _environment(attempt, requires)
    limits = lease.limits.limits()
    with _surroundings(attempt, lease.recipe.debian_packages, pair=attempt.pair) as (
        around,
        sandbox,
    ):
        workplace = _workplace(attempt, sandbox=sandbox)
        try:
            filename = _run_hooks(attempt, workplace, environment)
        except Failed:
            attempt.story.show(workplace)
            raise
        report.enter(Phase.INSPECT)
        taken = _take(workplace.output, filename, work / "taken", limits=limits)
        private = (str(work), str(bench.folder))
        finished = must(finish_wheel(taken, lease, around=around, private=private))
    return finished, _imported(attempt, finished)


def _imported(attempt: Attempt, finished: Finished) -> Check:
    """Import the wheel's modules in an environment that has nothing of its build."""
    bench, report = attempt.bench, attempt.report
    packages = bench.environments.lacking(attempt.target, finished.packages)
    with _surroundings(attempt, packages, pair=None) as (_, sandbox):
        place = ImportPlace(
            sandbox=sandbox,
            user=bench.user,
            folder=attempt.work / "import",
            index=attempt.index,
            limits=attempt.lease.limits.limits(),
        )
        check = must(check_imports(finished.contents, attempt.target, place, report))
    report.say(f"import: {check.message}")
    if check.result is CheckResult.FAIL:
        raise Failed(failure_of(Certificate(checks=(check,))))
    if attempt.pair is not None and is_untried(check):
        # What nobody has run on the target's kind of machine is not proved to be for it.
        message = "The wheel could not be imported, so that nothing proves that it works."
        raise Failed(Failure(kind=FailureKind.INFRASTRUCTURE, message=message))
    return check


def _run_hooks(attempt: Attempt, workplace: Workplace, environment: Path) -> str:
    """Let the project's code run; return the name of the wheel that it says it has made."""
    system, report, story = attempt.system, attempt.report, attempt.story
    story.build_environment = environment
    report.enter(Phase.BUILD)
    with story.timer:
        more = must(hooks.requirements_of(workplace, system, environment, write=report.write))
    if not is_satisfied(more, environment):
        report.enter(Phase.FETCH)
        requires = (*system.requires, *attempt.lease.recipe.requirements, *more)
        environment = _environment(attempt, requires)
        story.build_environment = environment
        report.enter(Phase.BUILD)
    with story.timer:
        left = hooks.with_time_left(workplace, timedelta(seconds=story.timer.seconds))
        return must(hooks.build_wheel(left, system, environment, write=report.write))


def _environment(attempt: Attempt, requires: tuple[str, ...]) -> Path:
    """Return a build environment; of today, or as it was when the release was new."""
    lease, report, target = attempt.lease, attempt.report, attempt.target
    released_at = lease.sdist.uploaded_at if lease.recipe.as_of_release else None
    before = cutoff(released_at, python=target.python)
    as_of = "" if before is None else f" as of {before:%Y-%m-%d}"
    report.say(f"build requirements{as_of}: {', '.join(requires) or 'none'}")
    day = datetime.now(UTC).date()
    index = replace(attempt.index, before=before)
    if attempt.pair is None:
        return must(make_environment(requires, target, index, day=day, check=report.check))
    return must(
        make_cross_environment(
            (*requires, *cross.own_tools(attempt.system.backend)),
            replace(target, architecture=MACHINES[attempt.pair.native.architecture]),
            target,
            index,
            files=_python_files(attempt, attempt.pair),
            day=day,
            check=report.check,
        )
    )


def _python_files(attempt: Attempt, pair: Pair) -> dict[str, str]:
    """Return what makes the building machine's Python speak for the target's."""
    toolchain = toolchain_of(pair)
    root = attempt.bench.environments.store.current(pair.target).root
    facts = cross_files.read_facts(root, toolchain, attempt.target.python)
    if facts is None:
        message = f"The Python of {pair.target} does not tell how it was built."
        raise Failed(Failure(kind=FailureKind.INFRASTRUCTURE, message=message))
    return cross_files.python_files(toolchain, facts)


@contextmanager
def _surroundings(
    attempt: Attempt, packages: Sequence[str], *, pair: Pair | None
) -> Iterator[tuple[Surroundings, Sandbox]]:
    """Yield the system in which the project's code runs, with Debian packages, and its sandbox."""
    bench, report, story = attempt.bench, attempt.report, attempt.story
    if packages:
        report.say(f"Debian packages: {', '.join(packages)}")
    opened = _opened(attempt, packages, pair=pair)
    with ExitStack() as held:
        try:
            around = held.enter_context(opened)
        except (PackagesMissing, InvalidName) as error:
            kind = FailureKind.MISSING_SYSTEM_PACKAGE
            raise Failed(_without_packages(kind, error, packages)) from None
        except EnvironmentUnusable as error:
            kind = FailureKind.INFRASTRUCTURE
            raise Failed(_without_packages(kind, error, packages)) from None
        story.environment, story.digest = around.name, around.digest
        if around.not_added:
            report.say(f"this builder cannot add {', '.join(around.not_added)}")
        if around.digest is not None:
            report.say(f"environment: {around.name} {around.digest}")
        if around.tools is not None:
            report.say(f"cross-compiled with the tools of {around.tools}")
        yield around, bench.sandbox if around.view is None else bench.sandbox.showing(around.view)


def _opened(
    attempt: Attempt, packages: Sequence[str], *, pair: Pair | None
) -> AbstractContextManager[Surroundings]:
    environments, say, check = (
        attempt.bench.environments,
        attempt.report.say,
        attempt.report.check,
    )
    if pair is None:
        return environments.opened(attempt.target, packages, say=say, check=check)
    return environments.opened_pair(pair, attempt.target, packages, say=say, check=check)


def _without_packages(kind: FailureKind, error: WheelyardError, packages: Sequence[str]) -> Failure:
    return Failure(
        kind=kind,
        message="The environment that the build needs could not be made.",
        subject=", ".join(packages) or None,
        evidence=(str(error),),
    )


def _workplace(attempt: Attempt, *, sandbox: Sandbox) -> Workplace:
    bench, work, toolchain = attempt.bench, attempt.work, attempt.toolchain
    output, control = work / "output", work / "control"
    for folder in (output, control):
        folder.mkdir()
    for folder in (attempt.source, output):
        hand_over(folder, bench.user)
    workplace = Workplace(
        sandbox=sandbox,
        user=bench.user,
        source=attempt.source,
        output=output,
        control=control,
        environment=_variables(attempt.lease, processors=bench.processors, toolchain=toolchain),
        limits=attempt.lease.limits.limits(),
    )
    if toolchain is None:
        return workplace
    cross_files.write_cross_files(work / "cross", toolchain)
    return replace(
        workplace,
        read_only={cross.PLACE: work / "cross"},
        config_settings=cross.config_settings(attempt.system.backend),
    )


def _variables(
    lease: BuildLease, *, processors: int, toolchain: Toolchain | None
) -> dict[str, str]:
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
        **({} if toolchain is None else cross.variables(toolchain)),
        **lease.recipe.environment,
    }


def _take(output: Path, filename: str, destination: Path, *, limits: Limits) -> Path:
    """Copy the one wheel that was made out of the build user's folder, which nobody else trusts."""
    found = sorted(entry.name for entry in output.iterdir())
    if found != [filename] or not filename.endswith(".whl"):
        raise Failed(
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
        raise Failed(Failure(kind=FailureKind.OUTPUT_INVALID, message=message)) from None
    return wheel


def must(value: _Value | Failure) -> _Value:
    """Return a step's result, or end the story with its failure."""
    if isinstance(value, Failure):
        raise Failed(value)
    return value


class Timer:
    """Adds up the time spent inside `with`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.monotonic() - self._begun


@dataclass(slots=True)
class Story:
    """What is known of an attempt so far, however it ends."""

    visit: Callable[[Workplace, Path], None] | None
    timer: Timer = field(default_factory=Timer)
    environment: str | None = None
    digest: str | None = None
    build_environment: Path | None = None
    cross_failure: Failure | None = None

    def begin_again(self, failure: Failure) -> None:
        """Forget an attempt with cross compilers but for its failure: another lane is tried."""
        self.cross_failure = failure if is_to_be_remembered(failure.kind) else None
        self.timer = Timer()
        self.build_environment = None

    def show(self, workplace: Workplace) -> None:
        """Let whoever wants to see where the build has failed."""
        if self.visit is not None and self.build_environment is not None:
            self.visit(workplace, self.build_environment)
