"""What an installer on a target would get for each requirement, and what can be done about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from packaging.version import Version

from wheelyard.checking.facts import KnownFile, KnownProject, KnownRelease, QueuePlace
from wheelyard.checking.needs import Need
from wheelyard.model.build import Verdict
from wheelyard.model.names import FileKind, Filename, ProjectName, read_filename
from wheelyard.model.project import NOT_TO_BE_BUILT, ProjectStatus
from wheelyard.model.target import Target


class Outcome(StrEnum):
    """What becomes of one requirement on a target, the worst news first."""

    UNKNOWN_PROJECT = "unknown-project"
    """Upstream has no project of this name."""

    NO_RELEASE = "no-release"
    """Upstream has the project, and no release that the requirement and the target allow."""

    FAILED = "failed"
    """Building it failed, and trying again would not help."""

    NOT_BUILT = "not-built"
    """It cannot be built here, or somebody does not want it to be."""

    REQUESTABLE = "can-be-requested"
    """There is no wheel, and nobody has asked for one."""

    BUILDING = "being-built"
    """There is no wheel yet: it is being built, or waits for that."""

    NOT_FROM_INDEX = "not-from-an-index"
    """The file takes it from a URL, a path or a version control system."""

    WHEEL = "wheel"
    """We have a wheel for the target."""

    UPSTREAM = "covered-upstream"
    """Upstream has a wheel that the target's installer accepts."""

    NOT_NEEDED = "not-needed"
    """Its markers exclude the target."""

    @property
    def is_fine(self) -> bool:
        """Whether nothing has to be compiled on the target."""
        return self in {Outcome.WHEEL, Outcome.UPSTREAM, Outcome.NOT_NEEDED}

    @property
    def rank(self) -> int:
        """Its place among the outcomes: the worst news has the lowest."""
        return list(Outcome).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one requirement, with one plain sentence.

    `version` is the release that an installer would take, `filename` the wheel, `alternative` an
    older release with a wheel that the requirement would allow; each None where there is none.
    """

    need: Need
    outcome: Outcome
    sentence: str
    version: Version | None = None
    filename: Filename | None = None
    debian_packages: tuple[str, ...] = ()
    place: QueuePlace | None = None
    alternative: Version | None = None


_MOST_MINUTES = 100
_BUILDING = {
    Verdict.NEEDS_BUILD,
    Verdict.HEALING,
    Verdict.WAITS_FOR_DEPENDENCY,
    Verdict.WAITS_FOR_PROBE,
}
_OUTCOMES = {
    Verdict.FAILED: Outcome.FAILED,
    Verdict.YANKED: Outcome.REQUESTABLE,
    Verdict.SKIPPED: Outcome.REQUESTABLE,
    Verdict.OPTED_OUT: Outcome.NOT_BUILT,
    Verdict.NO_SDIST: Outcome.NOT_BUILT,
    Verdict.PYTHON_EXCLUDED: Outcome.NOT_BUILT,
    Verdict.QUARANTINED: Outcome.NOT_BUILT,
    **dict.fromkeys(_BUILDING, Outcome.BUILDING),
}


def judge(need: Need, known: KnownProject | None, target: Target) -> Finding:
    """Say what an installer on the target would get for a requirement.

    `known` is None if upstream has no such project. The release is the one that installers take:
    the newest that the requirement allows and that has a wheel for the target or a source
    distribution, pre-releases and yanked ones by their usual rules (PEP 440, PEP 592).
    """
    early = _before_any_release(need, known, target)
    if early is not None or known is None:
        return early or _finding(need, Outcome.UNKNOWN_PROJECT, "Upstream has no such project.")
    usable = _usable(need, known, target)
    version = next(usable, None)
    if version is None:
        return _no_release(need, known, target)
    release = known.releases[version]
    wheel = _wheel(known.name, release, target, need)
    if wheel is not None:
        return _with_wheel(need, version, wheel)
    older = (one for one in usable if _wheel(known.name, known.releases[one], target, need))
    return _without_wheel(need, version, release, next(older, None))


def judge_all(
    needs: Iterable[Need], known: Mapping[ProjectName, KnownProject], target: Target
) -> list[Finding]:
    """Judge requirements by what is known of their projects, the worst news first."""
    found = [
        judge(need, None if need.name is None else known.get(need.name), target) for need in needs
    ]
    return sorted(found, key=lambda finding: finding.outcome.rank)


def debian_packages(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return every Debian package that the wheels found need, in order."""
    return tuple(sorted({package for finding in findings for package in finding.debian_packages}))


def _finding(need: Need, outcome: Outcome, sentence: str) -> Finding:
    return Finding(need=need, outcome=outcome, sentence=sentence)


def _before_any_release(need: Need, known: KnownProject | None, target: Target) -> Finding | None:
    """Settle what no release has a say in."""
    if not need.applies:
        return _finding(need, Outcome.NOT_NEEDED, f"Its marker leaves out {target.name}.")
    if need.source is not None or need.name is None:
        where = need.source or "somewhere else"
        sentence = f"It comes from {where}, not from an index."
        return _finding(need, Outcome.NOT_FROM_INDEX, sentence)
    if known is None:
        return None
    if known.status is ProjectStatus.QUARANTINED:
        said = f": {known.status_reason.rstrip('.')}" if known.status_reason else ""
        sentence = f"Upstream quarantined the project{said}."
        return _finding(need, Outcome.NOT_BUILT, sentence)
    if not known.is_read:
        sentence = "Nobody has asked for this project here yet; it can be requested."
        return _finding(need, Outcome.REQUESTABLE, sentence)
    return None


def is_pinned(need: Need) -> bool:
    """Whether a requirement names one version exactly, for which installers take yanked files."""
    return any(
        one.operator in {"==", "==="} and not one.version.endswith(".*") for one in need.specifiers
    )


def _usable(need: Need, known: KnownProject, target: Target) -> Iterator[Version]:
    """Yield the releases that an installer may take, the newest first.

    Where none of them is final, pre-releases count although nobody asked for them (PEP 440).
    """
    is_found = False
    for prereleases in (None, True):
        allowed = need.specifiers.filter(known.releases, prereleases=prereleases)
        for version in sorted(allowed, reverse=True):
            files = known.releases[version].files
            if any(_fits(known.name, file, target, need) for file in files):
                is_found = True
                yield version
        if is_found:
            return


def _fits(name: ProjectName, file: KnownFile, target: Target, need: Need) -> bool:
    """Whether an installer on the target may take a file at all."""
    if (file.is_yanked and not is_pinned(need)) or not target.admits(file.requires_python):
        return False
    parsed = read_filename(file.filename, name)
    if parsed.kind is FileKind.WHEEL:
        return target.accepts(parsed.tags)
    return parsed.kind is FileKind.SDIST


def _wheel(
    name: ProjectName, release: KnownRelease, target: Target, need: Need
) -> KnownFile | None:
    """Return a wheel for the target, one of ours before upstream's: it may need packages."""
    wheels = [
        file
        for file in release.files
        if file.filename.endswith(".whl") and _fits(name, file, target, need)
    ]
    return max(wheels, key=lambda file: file.is_ours, default=None)


def _with_wheel(need: Need, version: Version, wheel: KnownFile) -> Finding:
    if wheel.is_ours:
        return Finding(
            need=need,
            outcome=Outcome.WHEEL,
            sentence=f"{wheel.filename} was built here.",
            version=version,
            filename=wheel.filename,
            debian_packages=wheel.debian_packages,
        )
    return Finding(
        need=need,
        outcome=Outcome.UPSTREAM,
        sentence=f"Upstream has {wheel.filename}.",
        version=version,
        filename=wheel.filename,
    )


def _without_wheel(
    need: Need, version: Version, release: KnownRelease, alternative: Version | None
) -> Finding:
    ruling = release.ruling
    outcome = Outcome.REQUESTABLE if ruling is None else _OUTCOMES.get(ruling.verdict)
    sentence = "There is only a source distribution; a wheel can be requested."
    if ruling is not None and outcome is not None:
        sentence = ruling.reason
        # Operators leave out old releases until somebody asks, and others for good.
        if ruling.verdict is Verdict.SKIPPED and sentence.startswith(NOT_TO_BE_BUILT):
            outcome = Outcome.NOT_BUILT
    finding = Finding(
        need=need,
        outcome=outcome or Outcome.REQUESTABLE,
        sentence=sentence,
        version=version,
        alternative=alternative,
    )
    return placed(finding, release.place)


def placed(finding: Finding, place: QueuePlace | None) -> Finding:
    """Return a finding with a place in the queue, if it is one that is being built."""
    if finding.outcome is not Outcome.BUILDING or place is None or finding.place is not None:
        return finding
    sentence = f"{finding.sentence} {shown_place(place)}".rstrip()
    return replace(finding, sentence=sentence, place=place)


def _no_release(need: Need, known: KnownProject, target: Target) -> Finding:
    """Say why no release can be taken."""
    allowed = sorted(need.specifiers.filter(known.releases), reverse=True)
    if not allowed:
        wanted = f" {need.specifiers}" if need.specifiers else ""
        return _finding(need, Outcome.NO_RELEASE, f"Upstream has no release{wanted}.")
    version = allowed[0]
    sentence = _why_unusable(known.releases[version].files, version, target)
    ruling = known.releases[version].ruling
    return Finding(
        need=need,
        outcome=Outcome.NO_RELEASE,
        sentence=ruling.reason
        if ruling is not None and not ruling.verdict.is_satisfied
        else sentence,
        version=version,
    )


def _why_unusable(files: Sequence[KnownFile], version: Version, target: Target) -> str:
    if not files:
        return f"Upstream offers no files of {version}."
    if all(file.is_yanked for file in files):
        return f"Upstream yanked {version}; installers take it only if it is asked for exactly."
    excluding = [file for file in files if not target.admits(file.requires_python)]
    if len(excluding) == len(files):
        return f"{version} requires Python {excluding[0].requires_python}."
    return f"{version} has neither a source distribution nor a wheel for {target.name}."


def shown_place(place: QueuePlace) -> str:
    """Say where a job is in the queue; nothing where that is not known."""
    if place.is_running:
        return "It is being built now."
    if place.before is None:
        return ""
    before = "No job is" if not place.before else f"{place.before} jobs are"
    if place.before == 1:
        before = "1 job is"
    if place.estimate is None:
        return f"{before} before it."
    minutes = max(1, round(place.estimate.total_seconds() / 60))
    hours, are_hours = round(minutes / 60), minutes > _MOST_MINUTES
    return f"{before} before it: about {f'{hours} hours' if are_hours else f'{minutes} min'}."
