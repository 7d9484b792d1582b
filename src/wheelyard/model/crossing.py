"""What is known of projects that cross compilers fail with."""

from dataclasses import dataclass
from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossFailure:
    """Why versions of a project are not cross-compiled for an architecture any more.

    `versions` names the lowest one that failed so and was then built in another lane, as `>=1.2`;
    `architecture` is the kernel's word.
    """

    architecture: str
    versions: SpecifierSet
    reason: str
    failed_at: datetime

    def holds(self, version: Version, architecture: str) -> bool:
        """Whether it tells of a version, for an architecture."""
        return self.architecture == architecture and self.versions.contains(
            version, prereleases=True
        )
