"""The story of one build: fetch, then one attempt in the best lane, or a second one in another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from wheelyard.builder import source
from wheelyard.builder.attempt import Attempt, Bench, Failed, Story, make_wheel, must
from wheelyard.builder.cross.falling_back import is_worth_another_lane
from wheelyard.builder.cross.obstacle import obstacle
from wheelyard.builder.cross.toolchain import toolchain_of
from wheelyard.builder.environments.choice import Pair
from wheelyard.builder.hooks import Workplace
from wheelyard.builder.inspecting import Finished
from wheelyard.builder.installing import Index
from wheelyard.builder.report import Reporting
from wheelyard.builder.requirements import BuildSystem, read_build_system
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.errors import EnvironmentUnusable
from wheelyard.model.build import Failure, Phase
from wheelyard.model.certificate import Check
from wheelyard.model.wheel import WheelFile
from wheelyard.protocol import BuildLease

_PASSABLE = 0o711
_SCRIPT_FOLDERS = (".", "_custom_build", "_build")
_MAX_SCRIPTS = 200
_MAX_SCRIPT_BYTES = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a build: a wheel's file with what was certified of it, or a failure.

    `build_seconds` is how long the project's own code ran, in the `environment` of that digest;
    `checks` and `dependencies` are what the server is told of the wheel besides. `cross_failure`
    is why cross compilers could not make a wheel that another lane then made.
    """

    result: tuple[Path, WheelFile] | Failure
    build_seconds: float
    environment: str | None = None
    environment_digest: str | None = None
    checks: tuple[Check, ...] = ()
    dependencies: tuple[str, ...] = ()
    cross_failure: Failure | None = None


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
    story = Story(visit)
    try:
        finished, imported = _build(bench, lease, report, work=work, story=story)
    except Failed as failed:
        report.say(f"{failed.failure.kind.value}: {failed.failure.message}")
        outcome = Outcome(result=failed.failure, build_seconds=story.timer.seconds)
    else:
        outcome = Outcome(
            result=(finished.path, finished.wheel),
            build_seconds=story.timer.seconds,
            checks=(*finished.checks, imported),
            dependencies=finished.dependencies,
            cross_failure=story.cross_failure,
        )
    return replace(outcome, environment=story.environment, environment_digest=story.digest)


def _build(
    bench: Bench,
    lease: BuildLease,
    report: Reporting,
    *,
    work: Path,
    story: Story,
) -> tuple[Finished, Check]:
    limits, target = lease.limits.limits(), lease.target.target()
    own = None if bench.server is None else f"{bench.server.rstrip('/')}/{target.channel}/simple/"
    report.enter(Phase.FETCH)
    sdist = must(
        source.fetch(
            bench.client,
            lease.sdist.reference(),
            cache=bench.folder / "sdists",
            limits=limits,
            check=report.check,
        )
    )
    project_folder = must(source.unpack(sdist, work / "source", limits=limits))
    system = must(read_build_system(project_folder))
    attempt = Attempt(
        bench=bench,
        lease=lease,
        index=Index(url=lease.index_url, folder=bench.folder, own=own),
        report=report,
        system=system,
        source=project_folder,
        work=work,
        story=story,
    )
    pair = _pair(attempt)
    if pair is None:
        return make_wheel(attempt)
    try:
        return _cross_built(attempt, pair)
    except Failed as failed:
        if not is_worth_another_lane(failed.failure.kind):
            raise
        report.say(f"cross: {failed.failure.kind.value}: {failed.failure.message}")
        report.say("it is built again under emulation")
        story.begin_again(failed.failure)
    report.enter(Phase.FETCH)
    remove_tree(work / "source")
    unpacked = must(source.unpack(sdist, work / "source", limits=limits))
    return make_wheel(replace(attempt, source=unpacked))


def _cross_built(attempt: Attempt, pair: Pair) -> tuple[Finished, Check]:
    """Make the wheel with cross compilers, in a folder that is gone if that fails."""
    work = attempt.work / "crossing"
    work.mkdir(mode=_PASSABLE)
    work.chmod(_PASSABLE)
    try:
        return make_wheel(replace(attempt, work=work, pair=pair))
    except Failed:
        remove_tree(work)
        raise


def _pair(attempt: Attempt) -> Pair | None:
    """Return the environments to cross-compile with; None if that is not possible, or no good."""
    lease, report = attempt.lease, attempt.report
    try:
        pair = attempt.bench.environments.pair_for(attempt.target)
    except EnvironmentUnusable as error:
        report.say(f"it cannot be cross-compiled here: {error}")
        return None
    if pair is None:
        return None
    if not lease.may_cross:
        report.say("cross compilers have failed with this project before")
        return None
    requires = (*attempt.system.requires, *lease.recipe.requirements)
    scripts = _scripts(attempt.source, attempt.system)
    why_not = obstacle(requires, scripts, toolchain_of(pair))
    if why_not is not None:
        report.say(f"it is not cross-compiled: {why_not}")
        return None
    return pair


def _scripts(project: Path, system: BuildSystem) -> Iterator[str]:
    """Yield the texts of a project's own build scripts, as far as there are not too many."""
    folders = [folder for folder in (*_SCRIPT_FOLDERS, *system.backend_path) if "\0" not in folder]
    files = (file for folder in folders for file in (project / folder).glob("*.py"))
    for file in islice(files, _MAX_SCRIPTS):
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_SCRIPT_BYTES:
            continue
        yield file.read_text(encoding="utf-8", errors="replace")
