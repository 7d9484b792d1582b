"""What a wheel is held against: its release, its target, and what is known of both."""

from dataclasses import dataclass, field

from packaging.version import Version

from wheelyard.certify.libraries import LibraryIndex
from wheelyard.model.build import Limits
from wheelyard.model.names import ProjectName, WheelName
from wheelyard.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """What is known of the release from elsewhere.

    `requires_python` is what upstream's page says of the source distribution, if it says anything;
    `is_known` tells whether the page was at hand. `relatives` are the other wheels that tell what
    kind of wheel the project has: of this version, else of the nearest one that has any.
    """

    is_known: bool = False
    requires_python: str | None = None
    relatives: tuple[WheelName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a wheel has to be.

    Where an environment is at hand, `libraries` tells which Debian packages hold which libraries,
    and `python_exports` what its interpreter defines (empty where that is not known);
    `private` are words that must not leave the machine that built it (its paths, its user).
    """

    project: ProjectName
    version: Version
    target: Target
    limits: Limits = field(default_factory=Limits)
    release: ReleaseFacts = field(default_factory=ReleaseFacts)
    libraries: LibraryIndex | None = None
    python_exports: frozenset[str] = frozenset()
    private: tuple[str, ...] = ()
