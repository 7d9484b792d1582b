"""What a builder delivered, judged by the bytes that arrived: a builder's word is not enough."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.version import Version

from wheelyard.certify.expected import Expected, ReleaseFacts
from wheelyard.certify.inspection import certify, failure_of
from wheelyard.certify.libraries import LibraryIndex
from wheelyard.errors import NotStored, UploadRefused
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.certificate import Certificate, Check, CheckResult
from wheelyard.model.names import Filename, ProjectName
from wheelyard.model.target import Target
from wheelyard.model.twin import twin_name
from wheelyard.model.wheel import WheelFile
from wheelyard.protocol import EnvironmentMessage
from wheelyard.storage import uploads
from wheelyard.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the builder was asked for; `number` is the build number that wheels must carry.

    `release` tells what is on record of the release besides; `environment`, what the builder has
    told of the environment, to which packages were added if it `has_layer`.
    """

    build_id: str
    project: ProjectName
    version: Version
    target: Target
    number: int
    release: ReleaseFacts = field(default_factory=ReleaseFacts)
    environment: EnvironmentMessage | None = None
    has_layer: bool = False

    @property
    def libraries(self) -> LibraryIndex | None:
        """Which packages hold which libraries, where all of them are known."""
        if self.environment is None or self.has_layer:
            return None
        return LibraryIndex(
            packages=self.environment.libraries, dependencies=self.environment.dependencies
        )

    @property
    def python_exports(self) -> frozenset[str]:
        """What the environment's interpreter defines; empty where that is not known."""
        return frozenset(() if self.environment is None else self.environment.python_exports)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredWheel:
    """A wheel that passed: where its bytes are for now, its METADATA and its certificate."""

    file: WheelFile
    path: Path
    metadata: bytes
    certificate: Certificate


def receive(  # noqa: PLR0913 - what arrived, and what it is held against
    store: Store,
    assignment: Assignment,
    announced: Sequence[WheelFile],
    *,
    folder: Path,
    limits: Limits,
    told: Mapping[Filename, Sequence[Check]] | None = None,
) -> list[DeliveredWheel] | Failure:
    """Put the uploads together in `folder` and certify them; one bad wheel refuses them all.

    `told` are checks that only the builder could do: they count where the server has no verdict of
    its own.

    Raises:
        UploadRefused: if parts are missing, or the bytes are not those that were announced. What
            was uploaded is thrown away, so that the builder can upload it again.
    """
    wrong = _announcement_problem(announced, limits)
    if wrong is not None:
        return wrong
    delivered = []
    for wheel in announced:
        path = _assembled(store, assignment, wheel, folder)
        found, certificate, metadata = _certified(
            path, assignment, limits=limits, told=(told or {}).get(wheel.filename, ())
        )
        if found is None:
            return failure_of(certificate)
        if found != wheel:
            return _refusal(f"{wheel.filename} holds other metadata than its builder announced.")
        # Number 0 adds no build tag; one that the project chose itself may stay.
        if assignment.number and found.name.build_tag != (assignment.number, ""):
            return _refusal(f"{wheel.filename} lacks the build number {assignment.number}.")
        delivered.append(
            DeliveredWheel(file=found, path=path, metadata=metadata, certificate=certificate)
        )
    return delivered


def with_twins(
    delivered: Sequence[DeliveredWheel], target: Target, taken: Collection[Filename]
) -> list[DeliveredWheel]:
    """Return wheels together with the second names that they are served under as well.

    A name that the channel has `taken` already, for a wheel of the other architecture's own, is
    left to that.
    """
    found = list(delivered)
    for wheel in delivered:
        name = twin_name(wheel.file.filename, target.architecture)
        if name is not None and name not in taken:
            found.append(replace(wheel, file=replace(wheel.file, filename=name)))
    return found


def _certified(
    path: Path, assignment: Assignment, *, limits: Limits, told: Sequence[Check]
) -> tuple[WheelFile | None, Certificate, bytes]:
    """Return what a wheel is if it passes, its certificate, and its METADATA."""
    expected = Expected(
        project=assignment.project,
        version=assignment.version,
        target=assignment.target,
        limits=limits,
        release=assignment.release,
        libraries=assignment.libraries,
        python_exports=assignment.python_exports,
        # The builder's folders are named after the build.
        private=(f"build-{assignment.build_id}",),
    )
    certified = certify(path, expected)
    certificate = with_told(certified.certificate, told)
    if certified.wheel is None or certified.contents is None or not certificate.is_passed:
        return None, certificate, b""
    return certified.wheel, certificate, certified.contents.metadata


def with_told(certificate: Certificate, told: Sequence[Check]) -> Certificate:
    """Add what a builder told: it may add checks, and failures, but no better verdict than ours."""
    ours = {check.name: check.result for check in certificate.checks}
    added = [
        check
        for check in told
        if check.result is CheckResult.FAIL
        or ours.get(check.name, CheckResult.NOT_APPLICABLE) is CheckResult.NOT_APPLICABLE
    ]
    return certificate.with_checks(*added)


def _announcement_problem(announced: Sequence[WheelFile], limits: Limits) -> Failure | None:
    if not announced:
        return _refusal("The build ended well but delivered no wheel.")
    if len({wheel.filename for wheel in announced}) < len(announced):
        return _refusal("The build delivered two wheels of one name.")
    size = sum(wheel.size for wheel in announced)
    if size > limits.output_bytes:
        return _refusal(f"The wheels have {size} bytes, more than {limits.output_bytes}.")
    return None


def _assembled(store: Store, assignment: Assignment, wheel: WheelFile, folder: Path) -> Path:
    path = folder / wheel.filename
    try:
        uploads.assemble(store, assignment.build_id, wheel.filename, path, limit=wheel.size)
        _check_digest(path, wheel)
    except NotStored:
        raise UploadRefused(wheel.filename, "Its parts went away; upload it again") from None
    except UploadRefused:
        uploads.discard(store, assignment.build_id)
        raise
    return path


def _check_digest(path: Path, wheel: WheelFile) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wheel.sha256:
        expected = f"SHA-256 {wheel.sha256} was announced, {digest} arrived"
        raise UploadRefused(wheel.filename, expected)


def _refusal(message: str) -> Failure:
    return Failure(kind=FailureKind.OUTPUT_INVALID, message=message)
