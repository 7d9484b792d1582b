"""What builders and the server say to each other, as both sides' types.

docs/builder-api.md tells the story; the OpenAPI document of the server is made from these models.
All paths are below `PREFIX`; every request carries `Authorization: Bearer <token>`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field

from wheelyard.model.build import (
    Failure,
    FailureKind,
    Limits,
    Phase,
    SdistReference,
)
from wheelyard.model.certificate import MAX_CHARACTERS, MAX_EVIDENCE, Check, CheckResult
from wheelyard.model.lane import Lane, Offer
from wheelyard.model.names import (
    Filename,
    Sha256,
    TargetName,
    parse_filename,
    parse_project_name,
    parse_sha256,
    parse_target_name,
)
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile

PREFIX = "/api/builder/v1"
"""Where the builder's end points are."""

PART_BYTES = 8 * 1024**2
"""The size of every part of an upload but the last one; parts are numbered from 0."""

MAX_LOG_CHUNK_BYTES = 256 * 1024
"""The most log text that one heartbeat may carry."""

MAX_EVIDENCE_LINES = 50
MAX_EVIDENCE_CHARACTERS = 2000
MAX_WHEELS = 4
MAX_CLAIM_WAIT_SECONDS = 30.0
MAX_CHECKS = 8
MAX_DEPENDENCIES = 50

ProjectNameField = Annotated[str, AfterValidator(parse_project_name)]
TargetNameField = Annotated[str, AfterValidator(parse_target_name)]
FilenameField = Annotated[str, AfterValidator(parse_filename)]
Sha256Field = Annotated[str, AfterValidator(parse_sha256)]


class Message(BaseModel):
    """The base of every message: immutable, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OfferMessage(Message):
    """A target that a builder can serve; see `wheelyard.model.lane.Offer`."""

    target: TargetNameField
    lane: Lane
    speed: float = Field(gt=0, le=1e6)

    @classmethod
    def of(cls, offer: Offer) -> "OfferMessage":
        """Put an offer into a message."""
        return cls(target=offer.target, lane=offer.lane, speed=offer.speed)

    def offer(self) -> Offer:
        """Take the offer out of the message."""
        return Offer(target=TargetName(self.target), lane=self.lane, speed=self.speed)


class RegisterRequest(Message):
    """What a builder tells of itself when it starts.

    `targets` are the names of the targets that it can build for; `memory_bytes` is the machine's
    memory and `processors` the number of its cores. `environments` are the digests of the
    environments that it builds in, by target, where that is not the machine's own system. `offers`
    tell in which lane it serves targets, and how fast.
    """

    targets: tuple[TargetNameField, ...] = Field(max_length=100)
    version: str = Field(max_length=50)
    sandbox: str = Field(max_length=50)
    machine: str = Field(max_length=100)
    memory_bytes: int = Field(ge=0)
    processors: int = Field(ge=1)
    environments: dict[TargetNameField, Sha256Field] = Field(default={}, max_length=100)
    offers: tuple[OfferMessage, ...] = Field(default=(), max_length=100)


class RegisterReply(Message):
    """The builder's name, the targets that it may take jobs of, and how often to report.

    `wanted_environments` are the digests of those environments whose manifests the server has not
    got from this builder yet.
    """

    name: str
    targets: tuple[str, ...]
    heartbeat_seconds: float
    wanted_environments: tuple[Sha256Field, ...] = ()


ShortWord = Annotated[str, Field(max_length=200)]


class PackageMessage(Message):
    """A Debian package that is installed in an environment."""

    name: ShortWord
    architecture: ShortWord
    version: ShortWord


class EnvironmentMessage(Message):
    """What an environment is made of, as its builder tells.

    `libraries` maps the shared libraries in the loader's folders to their packages, `dependencies`
    to what Debian states for their users (deb-shlibs(5)); `python_exports` are the functions that
    the interpreter defines for extension modules.
    """

    environment: str = Field(max_length=100)
    origin: str = Field(max_length=300)
    python: ShortWord
    glibc: ShortWord
    packages: tuple[PackageMessage, ...] = Field(max_length=5000)
    libraries: dict[ShortWord, ShortWord] = Field(max_length=5000)
    dependencies: dict[ShortWord, ShortWord] = Field(max_length=5000)
    python_exports: tuple[ShortWord, ...] = Field(max_length=10_000)


class ClaimRequest(Message):
    """Ask for one job. The server answers at once, or waits up to `wait_seconds` for one."""

    targets: tuple[TargetNameField, ...] = Field(max_length=100)
    free_memory_bytes: int = Field(ge=0)
    wait_seconds: float = Field(default=0.0, ge=0.0, le=MAX_CLAIM_WAIT_SECONDS)


class TargetMessage(Message):
    """A target, whole, so that a builder needs no table of its own."""

    channel: str
    python: tuple[int, int]
    architecture: str
    glibc: tuple[int, int]
    python_full: str | None = None

    @classmethod
    def of(cls, target: Target) -> "TargetMessage":
        """Put a target into a message."""
        return cls(
            channel=target.channel,
            python=target.python,
            architecture=target.architecture,
            glibc=target.glibc,
            python_full=target.python_full,
        )

    def target(self) -> Target:
        """Take the target out of the message."""
        return Target(
            channel=self.channel,
            python=self.python,
            architecture=self.architecture,
            glibc=self.glibc,
            python_full=self.python_full,
        )


class SdistMessage(Message):
    """Where the source distribution is, and what its bytes must be."""

    filename: FilenameField
    url: str
    sha256: Sha256Field
    size: int | None = None
    uploaded_at: AwareDatetime | None = None

    @classmethod
    def of(cls, sdist: SdistReference) -> "SdistMessage":
        """Put a reference into a message."""
        return cls(
            filename=sdist.filename,
            url=sdist.url,
            sha256=sdist.sha256,
            size=sdist.size,
            uploaded_at=sdist.uploaded_at,
        )

    def reference(self) -> SdistReference:
        """Take the reference out of the message."""
        return SdistReference(
            filename=Filename(self.filename),
            url=self.url,
            sha256=Sha256(self.sha256),
            size=self.size,
            uploaded_at=self.uploaded_at,
        )


class LimitsMessage(Message):
    """The limits of a build; sizes in bytes, the duration in seconds."""

    duration_seconds: float
    memory_bytes: int
    processes: int
    disk_bytes: int
    files: int
    log_bytes: int
    output_bytes: int
    sdist_bytes: int

    @classmethod
    def of(cls, limits: Limits) -> "LimitsMessage":
        """Put limits into a message."""
        return cls(
            duration_seconds=limits.duration.total_seconds(),
            memory_bytes=limits.memory_bytes,
            processes=limits.processes,
            disk_bytes=limits.disk_bytes,
            files=limits.files,
            log_bytes=limits.log_bytes,
            output_bytes=limits.output_bytes,
            sdist_bytes=limits.sdist_bytes,
        )

    def limits(self) -> Limits:
        """Take the limits out of the message."""
        return Limits(
            duration=timedelta(seconds=self.duration_seconds),
            memory_bytes=self.memory_bytes,
            processes=self.processes,
            disk_bytes=self.disk_bytes,
            files=self.files,
            log_bytes=self.log_bytes,
            output_bytes=self.output_bytes,
            sdist_bytes=self.sdist_bytes,
        )


class RecipeMessage(Message):
    """What the project needs beyond its own metadata; its limits are among those of the lease."""

    debian_packages: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    requirements: tuple[str, ...] = ()
    jobs: int | None = Field(default=None, ge=1)
    as_of_release: bool = False
    alone: bool = False

    @classmethod
    def of(cls, recipe: Recipe) -> "RecipeMessage":
        """Put a recipe into a message."""
        return cls(
            debian_packages=recipe.debian_packages,
            environment=recipe.environment,
            requirements=recipe.requirements,
            jobs=recipe.jobs,
            as_of_release=recipe.as_of_release,
            alone=recipe.alone,
        )

    def recipe(self) -> Recipe:
        """Take the recipe out of the message."""
        return Recipe(
            debian_packages=self.debian_packages,
            environment=dict(self.environment),
            requirements=self.requirements,
            jobs=self.jobs,
            as_of_release=self.as_of_release,
            alone=self.alone,
        )


class BuildLease(Message):
    """One release to be built for one target, leased to one builder.

    `number` tells the builds of a release that made wheels apart: 0 for the first, which gets no
    build tag; the builder puts any other into WHEEL, RECORD and the filename before it hashes.
    `index_url` is the simple index that build requirements come from. `may_cross` is false where
    cross compilers are known to fail with the project.
    """

    kind: Literal["build"] = "build"
    build_id: str = Field(pattern="^[0-9a-f]{32}$")
    number: int = Field(ge=0)
    project: ProjectNameField
    version: str
    target: TargetMessage
    sdist: SdistMessage
    recipe: RecipeMessage
    limits: LimitsMessage
    index_url: str
    may_cross: bool = True
    lease_expires_at: AwareDatetime
    heartbeat_seconds: float = Field(gt=0)


class Heartbeat(Message):
    """A sign of life: renews the lease, tells the phase, and carries the log's next piece.

    `log` starts at byte `log_offset` of the log. A piece that the server has already is ignored,
    one that leaves a gap is not taken; the reply says how much the server has.
    """

    phase: Phase
    log_offset: int = Field(default=0, ge=0)
    log: Base64Bytes = Field(default=b"", max_length=2 * MAX_LOG_CHUNK_BYTES)


class HeartbeatReply(Message):
    """The new end of the lease, and how many bytes of the log the server has."""

    lease_expires_at: datetime
    log_size: int


class UploadState(Message):
    """Which numbered parts of a file the server has, with each part's size in bytes."""

    parts: dict[int, int]


class CheckMessage(Message):
    """A check that only a builder can do, such as importing the wheel's modules."""

    name: str = Field(pattern="^[a-z0-9+-]{1,40}$")
    result: CheckResult
    message: str = Field(max_length=MAX_CHARACTERS)
    evidence: tuple[Annotated[str, Field(max_length=MAX_CHARACTERS)], ...] = Field(
        default=(), max_length=MAX_EVIDENCE
    )

    @classmethod
    def of(cls, check: Check) -> "CheckMessage":
        """Put a check into a message."""
        return cls(
            name=check.name, result=check.result, message=check.message, evidence=check.evidence
        )

    def check(self) -> Check:
        """Take the check out of the message."""
        return Check(
            name=self.name, result=self.result, message=self.message, evidence=self.evidence
        )


DependencyField = Annotated[
    str,
    Field(max_length=200, pattern=r"^[a-z0-9][a-z0-9+.-]+( \([<>=]{1,2} [A-Za-z0-9.+~:-]+\))?$"),
]


class WheelMessage(Message):
    """A wheel that was uploaded, as the builder announces it.

    `checks` are what the builder found beyond the bytes; `dependencies` the Debian packages that
    users of the wheel need, such as `libxml2 (>= 2.9.0)`.
    """

    filename: FilenameField
    size: int = Field(ge=0)
    sha256: Sha256Field
    metadata_sha256: Sha256Field
    requires_python: str | None = Field(default=None, max_length=500)
    checks: tuple[CheckMessage, ...] = Field(default=(), max_length=MAX_CHECKS)
    dependencies: tuple[DependencyField, ...] = Field(default=(), max_length=MAX_DEPENDENCIES)

    @classmethod
    def of(
        cls, wheel: WheelFile, *, checks: Iterable[Check] = (), dependencies: Iterable[str] = ()
    ) -> "WheelMessage":
        """Put a wheel's file into a message."""
        return cls(
            filename=wheel.filename,
            size=wheel.size,
            sha256=wheel.sha256,
            metadata_sha256=wheel.metadata_sha256,
            requires_python=wheel.requires_python,
            checks=tuple(CheckMessage.of(check) for check in checks),
            dependencies=tuple(dependencies),
        )

    def told(self) -> tuple[Check, ...]:
        """Take the builder's checks out of the message."""
        return tuple(check.check() for check in self.checks)

    def wheel(self) -> WheelFile:
        """Take the wheel's file out of the message."""
        return WheelFile(
            filename=Filename(self.filename),
            size=self.size,
            sha256=Sha256(self.sha256),
            metadata_sha256=Sha256(self.metadata_sha256),
            requires_python=self.requires_python,
        )


EvidenceLine = Annotated[str, Field(max_length=MAX_EVIDENCE_CHARACTERS)]


class FailureMessage(Message):
    """Why a build failed."""

    kind: FailureKind
    message: str = Field(max_length=MAX_EVIDENCE_CHARACTERS)
    subject: str | None = Field(default=None, max_length=500)
    evidence: tuple[EvidenceLine, ...] = Field(default=(), max_length=MAX_EVIDENCE_LINES)

    @classmethod
    def of(cls, failure: Failure) -> "FailureMessage":
        """Put a failure into a message, cut to what a message may hold."""
        return cls(
            kind=failure.kind,
            message=failure.message[:MAX_EVIDENCE_CHARACTERS],
            subject=None if failure.subject is None else failure.subject[:500],
            evidence=tuple(
                line[:MAX_EVIDENCE_CHARACTERS] for line in failure.evidence[:MAX_EVIDENCE_LINES]
            ),
        )

    def failure(self) -> Failure:
        """Take the failure out of the message."""
        return Failure(
            kind=self.kind, message=self.message, subject=self.subject, evidence=self.evidence
        )


class FinishRequest(Message):
    """The end of a build: wheels that were uploaded, or a failure; never both.

    `build_seconds` is how long the project's own code ran, by the builder's clock; `environment`
    what it was built in, and `environment_digest` that of its manifest, where it has one.
    `cross_failure` is why cross compilers could not make wheels that another lane then made.
    """

    wheels: tuple[WheelMessage, ...] = Field(default=(), max_length=MAX_WHEELS)
    failure: FailureMessage | None = None
    build_seconds: float = Field(ge=0)
    environment: str | None = Field(default=None, max_length=100)
    environment_digest: Sha256Field | None = None
    cross_failure: FailureMessage | None = None


class FinishReply(Message):
    """What the server made of it: the build's final state, and why if the server refused it."""

    state: str
    failure: FailureMessage | None = None


class Problem(Message):
    """The body of every error: a stable label (the error's class) and a message for people."""

    error: str
    message: str
