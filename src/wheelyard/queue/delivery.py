"""What a builder delivered, judged by the bytes that arrived: a builder's word is not enough."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from wheelyard.certify.inspection import inspect_wheel, read_metadata
from wheelyard.errors import NotStored, UploadRefused
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.names import ProjectName
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile
from wheelyard.storage import uploads
from wheelyard.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the builder was asked for; `number` is the build number that wheels must carry."""

    build_id: str
    project: ProjectName
    version: Version
    target: Target
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredWheel:
    """A wheel that was inspected: where its bytes are for now, and its METADATA."""

    file: WheelFile
    path: Path
    metadata: bytes


def receive(
    store: Store,
    assignment: Assignment,
    announced: Sequence[WheelFile],
    *,
    folder: Path,
    limits: Limits,
) -> list[DeliveredWheel] | Failure:
    """Put the uploads together in `folder` and inspect them; one bad wheel refuses them all.

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
        found = inspect_wheel(
            path,
            project=assignment.project,
            version=assignment.version,
            target=assignment.target,
            limits=limits,
        )
        if isinstance(found, Failure):
            return found
        if found != wheel:
            return _refusal(f"{wheel.filename} holds other metadata than its builder announced.")
        # Number 0 adds no build tag; one that the project chose itself may stay.
        if assignment.number and found.name.build_tag != (assignment.number, ""):
            return _refusal(f"{wheel.filename} lacks the build number {assignment.number}.")
        delivered.append(DeliveredWheel(file=found, path=path, metadata=read_metadata(path)))
    return delivered


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
