"""Downloads: who asked for what, without who it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class RequestKind(StrEnum):
    """What a request to the index was for."""

    DOWNLOAD = "download"
    """A whole distribution file."""

    METADATA = "metadata"
    """A file's `.metadata`: an installer resolves."""

    SEARCH = "search"
    """A project's page on a simple index: an installer looks for it."""

    PAGE = "page"
    """A project's page for people."""

    JSON = "json"
    """A document for programs."""


class ClientClass(StrEnum):
    """What kind of program asked."""

    INSTALLER = "installer"
    """A program that installs for a person or a machine: pip, uv, Poetry, PDM …"""

    BROWSER = "browser"
    """A person's browser."""

    MIRROR = "mirror"
    """A program that copies the index or stands in front of it."""

    ROBOT = "robot"
    """A crawler, a scanner, a monitor."""

    OTHER = "other"
    """A program of a kind that cannot be told: a script, or nothing said."""


class Period(StrEnum):
    """How long a count goes on: old days are rolled up into months."""

    DAY = "day"
    MONTH = "month"
    ALL = "all"


class Dimension(StrEnum):
    """What installers tell of themselves and their machines, each counted by itself."""

    INSTALLER = "installer"
    PYTHON = "python"
    IMPLEMENTATION = "implementation"
    DISTRIBUTION = "distribution"
    LIBC = "libc"
    ARCHITECTURE = "architecture"
    CI = "ci"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What a client told of itself, cut down to what is counted; None where it told nothing.

    Versions are (major, minor) as text; `architecture` is the kernel's word for the machine
    (`armv7l`); `distribution` the name as the client writes it, in lower case.
    """

    client_class: ClientClass = ClientClass.OTHER
    installer: str | None = None
    installer_version: str | None = None
    python: str | None = None
    implementation: str | None = None
    distribution: str | None = None
    distribution_version: str | None = None
    libc: str | None = None
    architecture: str | None = None
    is_ci: bool | None = None

    @property
    def asker(self) -> "Client":
        """What of it is counted together with what it asked for: its class and architecture."""
        return Client(client_class=self.client_class, architecture=self.architecture)


@dataclass(frozen=True, slots=True)
class Request:
    """What a request line asked for: `name` is a filename, or a project's normalised name.

    `sha256` is the digest in the path of a file, where the path has one.
    """

    kind: RequestKind
    name: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted of some lines of a log: of `lines` in all, `rejected` could not be read.

    `requests` counts by day (UTC), request and asker (`Client.asker`), `installers` the downloads
    by day and all that an installer told; `hosts` are the days' digests of hosts, if they are
    wanted; `samples` are a few rejected lines, cleaned of what might name a person.
    """

    requests: Mapping[tuple[date, Request, Client], int]
    installers: Mapping[tuple[date, Client], int] = field(default_factory=dict)
    hosts: frozenset[tuple[date, str]] = frozenset()
    lines: int = 0
    rejected: int = 0
    samples: tuple[str, ...] = ()
