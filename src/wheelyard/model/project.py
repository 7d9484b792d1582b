"""A project as an index shows it: its page, and the files on it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from wheelyard.model.names import (
    FileKind,
    Filename,
    ParsedFilename,
    ProjectName,
    TargetName,
    read_filename,
)

NOT_TO_BE_BUILT = "It is not to be built"
"""How the reason begins that people are shown for what operators skip."""


class ProjectStatus(StrEnum):
    """The project status markers of the simple repository API (PEP 792)."""

    ACTIVE = "active"
    """The project is maintained; the default."""

    ARCHIVED = "archived"
    """The project takes no more uploads; its files stay usable."""

    QUARANTINED = "quarantined"
    """The project is held to be unsafe; nothing of it may be offered."""

    DEPRECATED = "deprecated"
    """The project is obsolete; its files stay usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamFile:
    """One file of a project's page, every field of the simple API kept.

    `hashes` maps algorithm to hexadecimal digest; `size` is in bytes; `core_metadata` and
    `dist_info_metadata` hold what the page said: a mapping of hashes, a boolean, or None where it
    said nothing. What a page leaves out is None: pages of plain HTML know neither sizes nor times.
    """

    filename: Filename
    url: str
    hashes: dict[str, str]
    size: int | None = None
    requires_python: str | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    uploaded_at: datetime | None = None
    core_metadata: dict[str, str] | bool | None = None
    provenance: str | None = None
    gpg_sig: bool | None = None

    def parsed(self, project: ProjectName) -> ParsedFilename:
        """Tell what the filename says, given the project whose page it is on."""
        return read_filename(self.filename, project)

    @property
    def sha256(self) -> str | None:
        """The file's SHA-256, if the page gives one."""
        return self.hashes.get("sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """The whole page of a project at one moment.

    `serial` is upstream's last serial for the project where it tells one; `display_name` is the
    name as its owner writes it, where known; `owner` is the organisation, user or author that it
    belongs to, as far as upstream tells.
    """

    name: ProjectName
    files: tuple[UpstreamFile, ...]
    display_name: str | None = None
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str | None = None
    serial: int | None = None
    summary: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a project with the upstream files that belong to it."""

    project: ProjectName
    version: Version
    files: tuple[UpstreamFile, ...]

    def files_of_kind(self, kind: FileKind) -> tuple[UpstreamFile, ...]:
        """Return the release's files of one kind, in page order."""
        return tuple(file for file in self.files if file.parsed(self.project).kind is kind)

    @property
    def is_yanked(self) -> bool:
        """Whether every file of the release is yanked (PEP 592)."""
        return bool(self.files) and all(file.yanked for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What somebody asked for: a project, and which version of it.

    `version` None means the newest final release; with `force` it is built even where upstream
    covers the target.
    """

    project: ProjectName
    version: Version | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """What an operator wants not to be built, with the reason that people are shown.

    `versions` are those that the specifiers contain, pre-releases among them (none: every
    version); `target` None means every target.
    """

    project: ProjectName
    reason: str
    versions: SpecifierSet = field(default_factory=SpecifierSet)
    target: TargetName | None = None

    def holds(self, version: Version, target: TargetName) -> bool:
        """Whether a release is not to be built for a target."""
        if self.target not in {None, target}:
            return False
        return self.versions.contains(version, prereleases=True)


def releases(page: ProjectPage) -> dict[Version, Release]:
    """Group a page's files by version; files whose version cannot be told are left out."""
    grouped: dict[Version, list[UpstreamFile]] = {}
    for file in page.files:
        version = file.parsed(page.name).version
        if version is not None:
            grouped.setdefault(version, []).append(file)
    return {
        version: Release(project=page.name, version=version, files=tuple(files))
        for version, files in grouped.items()
    }


def newest_final(versions: list[Version]) -> Version | None:
    """Return the newest version that is no pre-release; None if there is none."""
    finals = [version for version in versions if not version.is_prerelease]
    return max(finals, default=None)
