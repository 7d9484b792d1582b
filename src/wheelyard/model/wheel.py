"""Wheels that we made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from packaging.version import Version

from wheelyard.model.certificate import Certificate
from wheelyard.model.names import (
    Filename,
    ProjectName,
    Sha256,
    TargetName,
    WheelName,
    parse_wheel_name,
)
from wheelyard.model.target import fits_portably


class WheelState(StrEnum):
    """What became of a wheel that passed inspection."""

    PUBLISHED = "published"
    """It is on the index."""

    CHECKED = "checked"
    """It was built to try things out and is never published: upstream has its filename."""

    SUPERSEDED = "superseded"
    """Upstream has since uploaded the file; ours left the index, its URL still answers."""

    WITHDRAWN = "withdrawn"
    """Upstream deleted or quarantined what it was built from, or an operator recalled it; its URL
    answers no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A wheel's bytes as certified: what a builder announces and the server finds again.

    `metadata_sha256` is the digest of the METADATA file inside, which is served beside the wheel.
    """

    filename: Filename
    size: int
    sha256: Sha256
    metadata_sha256: Sha256
    requires_python: str | None = None

    @property
    def name(self) -> WheelName:
        """The parts of the filename."""
        return parse_wheel_name(self.filename)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel on record: its file, where it came from, and its state.

    `yanked` mirrors upstream's yank of the release, with its reason; `is_withheld` tells that the
    bytes may have been taken away from where they are served, `is_recalled` that an operator
    withdrew it for good, whatever upstream says. `portable_from` is the minor version of the
    glibc 2 from which on it fits other distribution releases too; None where it was proved for its
    own only.
    """

    file: WheelFile
    project: ProjectName
    version: Version
    target: TargetName
    build_id: str
    state: WheelState
    uploaded_at: datetime
    yanked: bool = False
    yanked_reason: str | None = None
    is_withheld: bool = False
    is_recalled: bool = False
    portable_from: int | None = None

    @property
    def channel(self) -> str:
        """The distribution release that the wheel was made on."""
        return self.target.partition("-")[0]

    def fits(self, channel: str) -> bool:
        """Whether the wheel is proved fit for a distribution release.

        A pure wheel fits every one, any other its own; others only where it rests on nothing but
        what manylinux promises, and their glibc is not older than that.
        """
        is_here = channel == self.channel or self.file.name.is_pure
        return is_here or fits_portably(channel, self.portable_from)

    @property
    def path(self) -> str:
        """Where the bytes are, below `packages/`: by content, never to change."""
        return package_path(self.file.sha256, self.file.filename)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a wheel comes from: the build that made it, and what that build was given.

    `environment_digest` is None where the host's own system was the environment, and, like
    `recipe_digest`, where it was not recorded; `certificate` is None where there is none.
    `limits` is as stored with the build: seconds and bytes by name.
    """

    filename: Filename
    sha256: Sha256
    project: ProjectName
    version: Version
    target: TargetName
    build_id: str
    number: int
    builder: str
    sdist_filename: Filename
    sdist_url: str
    sdist_sha256: Sha256
    started_at: datetime
    finished_at: datetime | None
    limits: Mapping[str, float] = field(default_factory=dict)
    environment: str | None = None
    environment_digest: str | None = None
    recipe_digest: str | None = None
    certificate: Certificate | None = None


def provenance_path(path: str) -> str:
    """Return where the signed statement about a wheel is, given the wheel's path."""
    return f"{path}.provenance"


def withheld_path(path: str) -> str:
    """Return the store key of a file that is kept aside, given the path that it is served at."""
    return f"withheld/{path}"


def package_path(sha256: Sha256, filename: Filename) -> str:
    """Return the store key of a file: `packages/<2>/<2>/<rest of the SHA-256>/<filename>`."""
    return f"packages/{sha256[:2]}/{sha256[2:4]}/{sha256[4:]}/{filename}"
