"""Decisions, jobs, builds, limits, and the ways in which a build fails."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from packaging.version import Version

from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName


class Verdict(StrEnum):
    """What was decided about one release and one target."""

    NEEDS_BUILD = "needs-build"
    """There is a source distribution, and no usable wheel anywhere: a job exists for it."""

    COVERED_UPSTREAM = "covered-upstream"
    """Upstream has a wheel that the target's installer accepts; we never build it again."""

    BUILT = "built"
    """We publish a wheel that the target's installer accepts."""

    CHECKED = "checked"
    """It was built and checked on request, but upstream has the filename: never published."""

    FAILED = "failed"
    """The last attempt failed in a way that trying again would not mend."""

    HEALING = "healing"
    """The last attempt failed, and what may help is being looked for."""

    WAITS_FOR_DEPENDENCY = "waits-for-dependency"
    """It needs a wheel of another project to be built with, which is built first."""

    WAITS_FOR_PROBE = "waits-for-probe"
    """Another target is built first, and may show that this one needs no build of its own."""

    OPTED_OUT = "opted-out"
    """The project's author asks, in the source distribution, that it not be built."""

    NO_SDIST = "no-sdist"
    """Upstream has no source distribution (or none with a SHA-256) for the release."""

    PYTHON_EXCLUDED = "python-excluded"
    """The release's `requires-python` excludes the target's Python."""

    YANKED = "yanked"
    """Upstream yanked the release."""

    SKIPPED = "skipped"
    """An operator asked that it not be built."""

    QUARANTINED = "quarantined"
    """Upstream quarantined the project."""

    @property
    def is_satisfied(self) -> bool:
        """Whether an installer on the target gets a wheel, or could."""
        return self in {Verdict.COVERED_UPSTREAM, Verdict.BUILT, Verdict.CHECKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one release and target, with the reason in one plain sentence."""

    project: ProjectName
    version: Version
    target: TargetName
    verdict: Verdict
    reason: str


class JobKind(StrEnum):
    """The kinds of work that builders take."""

    BUILD = "build"
    """Build a wheel from a release's source distribution."""

    CERTIFY = "certify"
    """Check a wheel on a builder (import it in a clean environment)."""


class JobState(StrEnum):
    """The states of a job. A job that is finished has no row any more.

    `scheduled` -> `waiting` (its moment has come) -> `leased` -> gone (finished), or back to
    `scheduled` (lease expired, or a failure that is worth another try). Only `leased` has a lease.
    """

    SCHEDULED = "scheduled"
    """Its `due_at` is still to come."""

    WAITING = "waiting"
    """May be claimed now."""

    LEASED = "leased"
    """A builder works on it and holds the lease."""


class Priority(IntEnum):
    """Named priorities of jobs; the lower number is served first."""

    REQUESTED = 10
    """A person asked for it."""

    DEPENDENCY = 20
    """A waiting build needs it."""

    NEW_RELEASE = 30
    """A wanted project has a new release."""

    NORMAL = 40
    """Everything else that is wanted."""

    BACKLOG = 50
    """Old releases that nobody asked for."""

    REBUILD = 60
    """There is a wheel already; it is to be made again."""


class BuildState(StrEnum):
    """The states of a build: one attempt at a job, kept for ever.

    `running` -> `succeeded`, `failed` or `lost`; the last three are final.
    """

    RUNNING = "running"
    """A builder holds the lease."""

    SUCCEEDED = "succeeded"
    """The builder delivered wheels and they passed inspection."""

    FAILED = "failed"
    """It ended with a `Failure`."""

    LOST = "lost"
    """The lease expired without a word from the builder."""

    @property
    def is_final(self) -> bool:
        """Whether nothing can change the build any more."""
        return self is not BuildState.RUNNING


class Phase(StrEnum):
    """What a running build is doing, as shown to people."""

    CLAIMED = "claimed"
    """The builder has just taken the job."""

    FETCH = "fetch"
    """The source distribution and the build requirements are fetched; no project code runs."""

    BUILD = "build"
    """The build back end's hooks run in the sandbox."""

    INSPECT = "inspect"
    """What came out is checked."""

    UPLOAD = "upload"
    """The wheel is uploaded."""


class FailureKind(StrEnum):
    """The stable labels of the ways in which a build fails."""

    MISSING_SYSTEM_PACKAGE = "missing-system-package"
    """A header, library, program or pkg-config module is not in the environment."""

    MISSING_BUILD_DEPENDENCY = "missing-build-dependency"
    """A Python package that the build needs is undeclared, or at odds with another one."""

    NO_DEPENDENCY_WHEEL = "no-dependency-wheel"
    """A Python package that the build needs has no wheel for the target."""

    WANTS_NETWORK = "wants-network"
    """The build tried to reach the network, which builds do not have."""

    PYTHON_INCOMPATIBLE = "python-incompatible"
    """The code does not work with the target's Python, or refuses it."""

    COMPILE_ERROR = "compile-error"
    """The compiler or linker rejected the project's own code."""

    METADATA_INVALID = "metadata-invalid"
    """The build back end refused the project, or its metadata cannot be made."""

    NO_SDIST = "no-sdist"
    """The source distribution is gone upstream."""

    SDIST_INVALID = "sdist-invalid"
    """The source distribution is broken, hostile or too large."""

    HASH_MISMATCH = "hash-mismatch"
    """What was downloaded is not what upstream's page promised."""

    OPTED_OUT = "opted-out"
    """The source distribution says that it is not to be built by services like this one."""

    TIMEOUT = "timeout"
    """The build took longer than its limit."""

    OUT_OF_MEMORY = "out-of-memory"
    """The build used more memory than its limit."""

    PROCESS_LIMIT = "process-limit"
    """The build started more processes than its limit."""

    DISK_FULL = "disk-full"
    """The build wrote more than its limit."""

    OUTPUT_LIMIT = "output-limit"
    """The build printed more than its limit."""

    OUTPUT_INVALID = "output-invalid"
    """What came out is not a wheel of this release for this target."""

    INFRASTRUCTURE = "infrastructure"
    """Something of ours or of the network's failed, not the project."""

    UNKNOWN = "unknown"
    """It failed, and nothing in the log says why."""

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether the same job may succeed later without anything being changed."""
        return self in {FailureKind.INFRASTRUCTURE, FailureKind.HASH_MISMATCH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a build failed: a stable kind, one plain sentence, and the log's lines that show it.

    `subject` is what the failure is about (`libxml/xmlversion.h`, a Python module), if one thing.
    """

    kind: FailureKind
    message: str
    subject: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one build may use; exceeding any of them is a named failure.

    Sizes in bytes. `disk_bytes` and `files` bound what is written in the work folder;
    `log_bytes` what is printed; `output_bytes` the wheels; `sdist_bytes` the unpacked source.
    """

    duration: timedelta = timedelta(hours=1)
    memory_bytes: int = 4 * 1024**3
    processes: int = 256
    disk_bytes: int = 4 * 1024**3
    files: int = 200_000
    log_bytes: int = 16 * 1024**2
    output_bytes: int = 512 * 1024**2
    sdist_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class SdistReference:
    """Where a source distribution is, and what its bytes must be."""

    filename: Filename
    url: str
    sha256: Sha256
    size: int | None
    uploaded_at: datetime | None
