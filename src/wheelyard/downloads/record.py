"""Putting counts on record: what was downloaded, by whom, and how much time that saved."""

from collections import Counter, defaultdict
from collections.abc import Iterator
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


class _Rows:
    """What becomes of counts: rows to be added, each table's by their keys."""

    def __init__(self) -> None:
        self.files: defaultdict[FileKey, Sums] = defaultdict(Sums)
        self.names: dict[str, str] = {}
        self.projects: defaultdict[tuple[date, str], ProjectSums] = defaultdict(ProjectSums)
        self.clients: Counter[tuple[date, Dimension, str]] = Counter()
        self.requests: defaultdict[tuple[date, RequestKind, ClientClass], Sums] = defaultdict(Sums)


def record(connection: Connection, counts: Counts, *, saving: Saving) -> None:
    """Add counts to those on record, with the durations that builds are known to have had now."""
    names = {
        request.name for _, request, _ in counts.requests if request.kind is RequestKind.DOWNLOAD
    }
    times = downloads.build_times(connection, names)
    rows = _Rows()
    for (day, request, asker), number in counts.requests.items():
        if request.kind is RequestKind.DOWNLOAD:
            built = times.get((request.name, request.sha256)) or times.get((request.name, None))
            _count_download(rows, day, request, asker, number, built=built, saving=saving)
        else:
            _count_request(rows, day, request, asker, number)
    for (day, client), number in counts.installers.items():
        for dimension, value in _told(client):
            rows.clients[day, dimension, value] += number
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
    asker: Client,
    number: int,
    *,
    built: BuildTime | None,
    saving: Saving,
) -> None:
    name, client_class = request.name, asker.client_class
    architecture = known_architecture(asker.architecture)
    saved = comparable = 0
    if built is not None:
        comparable = number * comparable_ms(name, build_ms=built.ms)
        saved = number * saving.saved_ms(
            name,
            client_class=client_class,
            architecture=architecture,
            build_ms=built.ms,
            board=built.board,
        )
    project = rows.names.get(name)
    if project is None:
        project = rows.names[name] = project_of(name)
    build_ms = UNKNOWN_TIME if built is None else built.ms
    key = FileKey(day, name, architecture, client_class, build_ms)
    rows.files[key].add(number, saved, comparable)
    rows.requests[day, request.kind, client_class].add(number, saved, comparable)
    # What mirrors and robots fetch is in piwheels' sum, but nobody wanted it.
    wanted = 0 if client_class in _NOBODY else number
    sums = rows.projects[day, project]
    sums.downloads += wanted
    sums.saved_ms += saved
    sums.comparable_ms += comparable


def _count_request(rows: _Rows, day: date, request: Request, asker: Client, number: int) -> None:
    rows.requests[day, request.kind, asker.client_class].add(number)
    if asker.client_class in _NOBODY:
        return
    if request.kind is RequestKind.SEARCH:
        rows.projects[day, request.name].searches += number
    elif request.kind in _PAGES:
        rows.projects[day, request.name].pages += number


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


def _told(client: Client) -> Iterator[tuple[Dimension, str]]:
    yield Dimension.INSTALLER, _words(client.installer, client.installer_version)
    yield Dimension.PYTHON, client.python or ""
    yield Dimension.IMPLEMENTATION, client.implementation or ""
    yield Dimension.DISTRIBUTION, _words(client.distribution, client.distribution_version)
    yield Dimension.LIBC, client.libc or ""
    yield Dimension.ARCHITECTURE, known_architecture(client.architecture)
    yield Dimension.CI, "" if client.is_ci is None else ("yes" if client.is_ci else "no")


def _words(*words: str | None) -> str:
    return " ".join(word for word in words if word)
