"""Putting counts on record: what was downloaded, by whom, and how much time that saved."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename

from wheelyard.database import downloads
from wheelyard.database.downloads import UNKNOWN_TIME, BuildTime, FileKey, ProjectSums, Sums
from wheelyard.database.engine import Connection
from wheelyard.downloads.saved import Saving, comparable_ms
from wheelyard.errors import InvalidName
from wheelyard.model.download import Client, ClientClass, Counts, Dimension, Request, RequestKind
from wheelyard.model.names import parse_wheel_name

_NOBODY = frozenset({ClientClass.ROBOT, ClientClass.MIRROR})
"""Whose requests say nothing of what people want."""

_PAGES = frozenset({RequestKind.PAGE, RequestKind.JSON})
_ARCHITECTURES = frozenset(
    {"armv6l", "armv7l", "armv8l", "aarch64", "arm64", "x86_64", "amd64", "i386", "i486"}
    | {"i586", "i686", "x86", "ppc", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64"}
    | {"mips", "mips64", "mipsel", "mips64el", "sparc64", "alpha", "wasm32", "emscripten"}
)


@dataclass(slots=True)
class _Rows:
    files: dict[FileKey, Sums] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    projects: dict[tuple[date, str], ProjectSums] = field(default_factory=dict)
    clients: Counter[tuple[date, Dimension, str]] = field(default_factory=Counter)
    requests: dict[tuple[date, RequestKind, ClientClass], Sums] = field(default_factory=dict)


def record(connection: Connection, counts: Counts, *, saving: Saving) -> None:
    """Add counts to those on record, with the durations that builds are known to have had now."""
    names = {
        request.name for _, request, _ in counts.requests if request.kind is RequestKind.DOWNLOAD
    }
    times = downloads.build_times(connection, names)
    rows = _Rows()
    for (day, request, client), number in counts.requests.items():
        if request.kind is RequestKind.DOWNLOAD:
            built = times.get((request.name, request.sha256), times.get((request.name, None)))
            _count_download(rows, day, request, client, number, built=built, saving=saving)
        else:
            _count_request(rows, day, request, client, number)
    downloads.begin_adding(connection)
    downloads.add_files(connection, rows.files, rows.names)
    downloads.add_projects(connection, rows.projects)
    downloads.add_clients(connection, rows.clients)
    downloads.add_requests(connection, rows.requests)
    downloads.add_hosts(connection, counts.hosts)


def _count_download(  # noqa: PLR0913 - what a download is
    rows: _Rows,
    day: date,
    request: Request,
    client: Client,
    number: int,
    *,
    built: BuildTime | None,
    saving: Saving,
) -> None:
    architecture = known_architecture(client.architecture)
    build_ms = None if built is None else built.ms
    saved = saving.saved_ms(
        request.name,
        client_class=client.client_class,
        architecture=architecture,
        build_ms=build_ms,
        board="" if built is None else built.board,
    )
    sums = Sums(number, number * saved, number * comparable_ms(request.name, build_ms=build_ms))
    project = rows.names.get(request.name)
    if project is None:
        project = rows.names[request.name] = project_of(request.name)
    key = FileKey(
        day,
        request.name,
        architecture,
        client.client_class,
        UNKNOWN_TIME if build_ms is None else build_ms,
    )
    rows.files[key] = rows.files.get(key, Sums()) + sums
    _total(rows, day, request.kind, client, sums)
    # What mirrors and robots fetch is in piwheels' sum, but nobody wanted it.
    wanted = 0 if client.client_class in _NOBODY else number
    _add_project(
        rows,
        day,
        project,
        ProjectSums(downloads=wanted, saved_ms=sums.saved_ms, comparable_ms=sums.comparable_ms),
    )
    if client.client_class is ClientClass.INSTALLER:
        for dimension, value in _told(client, architecture):
            rows.clients[day, dimension, value] += number


def _count_request(rows: _Rows, day: date, request: Request, client: Client, number: int) -> None:
    _total(rows, day, request.kind, client, Sums(number))
    if client.client_class in _NOBODY:
        return
    if request.kind is RequestKind.SEARCH:
        _add_project(rows, day, request.name, ProjectSums(searches=number))
    elif request.kind in _PAGES:
        _add_project(rows, day, request.name, ProjectSums(pages=number))


def _total(rows: _Rows, day: date, kind: RequestKind, client: Client, sums: Sums) -> None:
    key = (day, kind, client.client_class)
    rows.requests[key] = rows.requests.get(key, Sums()) + sums


def _add_project(rows: _Rows, day: date, project: str, sums: ProjectSums) -> None:
    rows.projects[day, project] = rows.projects.get((day, project), ProjectSums()) + sums


def project_of(filename: str) -> str:
    """Return the normalised name of the project that a distribution file's name begins with."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_name(filename).project
        return parse_sdist_filename(filename)[0]
    except (InvalidName, InvalidSdistFilename):
        return canonicalize_name(filename.rpartition("-")[0] or filename)


def known_architecture(told: str | None) -> str:
    """Return a machine's name as it is counted: empty if not told, "other" if nobody knows it."""
    if not told:
        return ""
    return told if told in _ARCHITECTURES else downloads.OTHER


def _told(client: Client, architecture: str) -> Iterator[tuple[Dimension, str]]:
    yield Dimension.INSTALLER, _words(client.installer, client.installer_version)
    yield Dimension.PYTHON, client.python or ""
    yield Dimension.IMPLEMENTATION, client.implementation or ""
    yield Dimension.DISTRIBUTION, _words(client.distribution, client.distribution_version)
    yield Dimension.LIBC, client.libc or ""
    yield Dimension.ARCHITECTURE, architecture
    yield Dimension.CI, "" if client.is_ci is None else ("yes" if client.is_ci else "no")


def _words(*words: str | None) -> str:
    return " ".join(word for word in words if word)
