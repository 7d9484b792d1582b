"""What is to be done about a release and a target: pure, the same facts give the same decision.

The rules are tried in the order of `decide`, and the first that holds settles the matter, with a
sentence that people read on the project's page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wheelyard.errors import InvalidName
from wheelyard.model.build import Decision, FailureKind, SdistReference, Verdict
from wheelyard.model.names import (
    FileKind,
    Filename,
    Sha256,
    TargetName,
    parse_sha256,
    untagged,
)
from wheelyard.model.plan import WaitRecord
from wheelyard.model.project import NOT_TO_BE_BUILT, ProjectStatus, Release, Skip, UpstreamFile
from wheelyard.model.target import Target
from wheelyard.model.wheel import Wheel, WheelState


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalFailure:
    """A failed attempt that will not be repeated by itself.

    `sdist_sha256` is what was built: another source distribution deserves another attempt.
    `is_examined` is whether what may help has been looked for.
    """

    sdist_sha256: Sha256
    reason: str
    kind: FailureKind | None = None
    is_examined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """Everything besides the release itself that a decision rests on.

    `skips` are the project's. `is_pinned` says that a person asked for exactly this version;
    `force`, that somebody wants it built although upstream covers it; `rebuilds` are the targets
    that it is to be built for once more; `left_out` says why it is not built unless somebody asks;
    `starts_at`, if it is still to come, when the grace period ends. `wheels` are ours of this
    release, for whatever target; `failures` holds, per target, the failure that ended its last
    attempt for good; `waits`, what is built first; `paused` are the targets whose jobs are not
    handed out for now.
    """

    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str | None = None
    skips: tuple[Skip, ...] = ()
    is_pinned: bool = False
    force: bool = False
    rebuilds: frozenset[TargetName] = frozenset()
    left_out: str | None = None
    starts_at: datetime | None = None
    wheels: tuple[Wheel, ...] = ()
    failures: Mapping[TargetName, FinalFailure] = field(default_factory=dict)
    waits: Mapping[TargetName, WaitRecord] = field(default_factory=dict)
    paused: frozenset[TargetName] = frozenset()


def decide(release: Release, target: Target, facts: ReleaseFacts) -> Decision:
    """Decide about one release and one target alone, and say why in one sentence.

    Whether another target's build is waited for is `queue.probe`'s to say.
    """
    verdict, reason = (
        _held_back(release, target, facts)
        or _covered_upstream(release, target, facts)
        or _cannot_be_built(release, target, facts)
        or _opted_out(release, facts)
        or _to_be_rebuilt(target, facts)
        or _done_already(release, target, facts)
        or _left_out(facts)
        or _waits(target, facts)
        or (Verdict.NEEDS_BUILD, _why_it_needs_a_build(release, target, facts))
    )
    return Decision(
        project=release.project,
        version=release.version,
        target=target.name,
        verdict=verdict,
        reason=reason,
    )


_Ruling = tuple[Verdict, str] | None


def _held_back(release: Release, target: Target, facts: ReleaseFacts) -> _Ruling:
    if facts.status is ProjectStatus.QUARANTINED:
        said = f": {_clause(facts.status_reason)}" if facts.status_reason else ""
        return Verdict.QUARANTINED, f"Upstream quarantined the project{said}."
    for skip in facts.skips:
        if skip.holds(release.version, target.name):
            return Verdict.SKIPPED, f"{NOT_TO_BE_BUILT}: {_clause(skip.reason)}."
    return None


def _covered_upstream(release: Release, target: Target, facts: ReleaseFacts) -> _Ruling:
    if facts.force or target.name in facts.rebuilds:
        return None
    covering = covering_file(release, target, is_pinned=facts.is_pinned)
    if covering is None:
        return None
    yanked = ", yanked but asked for by its exact version" if covering.yanked else ""
    return (
        Verdict.COVERED_UPSTREAM,
        f"Upstream has {covering.filename}{yanked}, which installers on {target.name} accept.",
    )


def covering_file(release: Release, target: Target, *, is_pinned: bool) -> UpstreamFile | None:
    """Return upstream's first wheel that an installer on the target would take; None if none.

    Installers pass over a yanked file (PEP 592) unless the version is asked for exactly and
    nothing else of it is left, so a yanked wheel covers only a release that is yanked as a whole
    and `is_pinned`.
    """
    yanked_ones_count = is_pinned and release.is_yanked
    for file in release.files:
        parsed = file.parsed(release.project)
        if parsed.kind is not FileKind.WHEEL or (file.yanked and not yanked_ones_count):
            continue
        if target.accepts(parsed.tags) and target.admits(file.requires_python):
            return file
    return None


def _cannot_be_built(release: Release, target: Target, facts: ReleaseFacts) -> _Ruling:
    is_asked_for = facts.is_pinned or target.name in facts.rebuilds
    if release.is_yanked and not is_asked_for:
        return Verdict.YANKED, f"Upstream yanked the release{_yank_reason(release)}."
    sdist = choose_sdist(release)
    if sdist is None:
        return Verdict.NO_SDIST, _why_no_sdist(release, target)
    if not target.admits(sdist.requires_python):
        has = f"{target.python[0]}.{target.python[1]}"
        needs = f"The release requires Python {sdist.requires_python}"
        return Verdict.PYTHON_EXCLUDED, f"{needs}, {target.name} has {has}."
    return None


def _yank_reason(release: Release) -> str:
    said = next((file.yanked_reason for file in release.files if file.yanked_reason), None)
    return f": {_clause(said)}" if said else ""


def _why_no_sdist(release: Release, target: Target) -> str:
    if not release.files:
        return f"Upstream has no release {release.version}."
    if release.files_of_kind(FileKind.SDIST):
        return "Upstream has no usable source distribution: it is yanked or has no SHA-256."
    return (
        "Upstream has no source distribution, and none of its wheels is for installers on"
        f" {target.name}."
    )


def choose_sdist(release: Release) -> UpstreamFile | None:
    """Return the source distribution that is built; None if there is none to trust.

    It must have a SHA-256. A yanked one is taken only when the whole release is yanked; `.tar.gz`
    goes before `.zip`; the name decides between equals, so that the choice never depends on the
    page's order.
    """
    usable = [
        file
        for file in release.files_of_kind(FileKind.SDIST)
        if _digest(file) is not None and (release.is_yanked or not file.yanked)
    ]
    return min(
        usable,
        key=lambda file: (not file.filename.endswith(".tar.gz"), file.filename),
        default=None,
    )


def sdist_reference(release: Release) -> SdistReference | None:
    """Return where the chosen source distribution is and what its bytes must be."""
    file = choose_sdist(release)
    digest = None if file is None else _digest(file)
    if file is None or digest is None:
        return None
    return SdistReference(
        filename=file.filename,
        url=file.url,
        sha256=digest,
        size=file.size,
        uploaded_at=file.uploaded_at,
    )


def _digest(file: UpstreamFile) -> Sha256 | None:
    try:
        return parse_sha256(file.sha256 or "")
    except InvalidName:
        return None


def _opted_out(release: Release, facts: ReleaseFacts) -> _Ruling:
    for failure in facts.failures.values():
        if failure.kind is FailureKind.OPTED_OUT and _is_of_current_sdist(failure, release):
            return Verdict.OPTED_OUT, f"{_clause(failure.reason)}."
    return None


def _is_of_current_sdist(failure: FinalFailure, release: Release) -> bool:
    sdist = choose_sdist(release)
    return sdist is not None and _digest(sdist) == failure.sdist_sha256


def _to_be_rebuilt(target: Target, facts: ReleaseFacts) -> _Ruling:
    if target.name not in facts.rebuilds:
        return None
    return Verdict.NEEDS_BUILD, "A rebuild was asked for."


def _done_already(release: Release, target: Target, facts: ReleaseFacts) -> _Ruling:
    for wheel in facts.wheels:
        if wheel.state is WheelState.PUBLISHED and settles(wheel, target):
            return Verdict.BUILT, f"{wheel.file.filename} was built here."
    failure = facts.failures.get(target.name)
    if failure is not None and _is_of_current_sdist(failure, release):
        if not failure.is_examined:
            return Verdict.HEALING, f"{_clause(failure.reason)}; what may help is looked for."
        return Verdict.FAILED, f"{_clause(failure.reason)}."
    for wheel in facts.wheels:
        is_checked = wheel.state is WheelState.CHECKED and settles(wheel, target)
        if is_checked and upstream_has(release, wheel.file.filename):
            done = f"{wheel.file.filename} was built and checked here"
            why = "and is not published because upstream has a file of that name"
            return Verdict.CHECKED, f"{done}, {why}."
    return None


def settles(wheel: Wheel, target: Target) -> bool:
    """Whether an installer on the target gets, and accepts, a wheel of ours.

    What is proved only against the libraries of the distribution release that it was made on stays
    in that channel.
    """
    return (
        wheel.fits(target.channel)
        and target.accepts(wheel.file.name.tags)
        and target.admits(wheel.file.requires_python)
    )


def upstream_has(release: Release, filename: Filename) -> bool:
    """Whether upstream has a wheel of this name, build tags left aside; ours must not repeat it."""
    return untagged(filename) in {
        untagged(file.filename) for file in release.files_of_kind(FileKind.WHEEL)
    }


def _left_out(facts: ReleaseFacts) -> _Ruling:
    if facts.left_out is None or facts.force:
        return None
    return Verdict.SKIPPED, facts.left_out


def _waits(target: Target, facts: ReleaseFacts) -> _Ruling:
    wait = facts.waits.get(target.name)
    if wait is None:
        return None
    if wait.dead_end is not None:
        return Verdict.FAILED, wait.dead_end
    needs = f"It is built with {wait.requirement}, of which there is no wheel"
    return Verdict.WAITS_FOR_DEPENDENCY, f"{needs} for {target.name}: that is built first."


def _why_it_needs_a_build(release: Release, target: Target, facts: ReleaseFacts) -> str:
    covering = covering_file(release, target, is_pinned=facts.is_pinned)
    if covering is not None:
        return f"It was asked for although upstream has {covering.filename}."
    if release.is_yanked:
        return (
            f"Upstream yanked the release{_yank_reason(release)}; it is built because exactly this"
            " version was asked for, which installers still take."
        )
    lacking = f"Neither upstream nor this index has a wheel for installers on {target.name}"
    if facts.starts_at is None:
        return f"{lacking}."
    moment = facts.starts_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return f"{lacking}; upstream's own may still come until {moment} UTC."


def _clause(text: str) -> str:
    """Make a clause of somebody else's sentence: one line, without its full stop."""
    return " ".join(text.split()).rstrip(".")
