"""A package index of our own: a real server on a free port, its projects in memory.

It speaks the simple API in JSON and HTML, `/pypi/NAME/json`, files with ranges and `.metadata`,
well enough for pip and uv to install from it, and it fails where a test tells it to.
"""

import hashlib
import io
import re
import threading
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from packaging.utils import canonicalize_name

from fake_upstream_server import FakeServer, Fault, SeenRequest

UPLOADED_AT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


@dataclass(kw_only=True)
class FakeFile:
    """One file: its bytes, and what the index says about them (which may be a lie)."""

    filename: str
    content: bytes
    sha256: str
    requires_python: str | None = None
    yanked: bool | str = False
    uploaded_at: datetime | None = UPLOADED_AT
    metadata: bytes | None = None

    @property
    def path(self) -> str:
        digest = hashlib.sha256(self.content).hexdigest()
        return f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{self.filename}"


@dataclass(kw_only=True)
class FakeProject:
    """One project; `serial` is what the index shows, a number or (as one index does) a text."""

    display_name: str
    files: dict[str, FakeFile] = field(default_factory=dict)
    serial: int | str = 1
    status: str | None = None
    status_reason: str | None = None
    summary: str | None = None


class FakeUpstream:
    """A context manager: the server runs inside `with`, and is gone afterwards.

    `serves_json=False` makes it an index that answers with HTML whatever is asked for;
    `has_details=False` one without `/pypi/NAME/json`; `bare_html=False` lets the HTML carry upload
    times and yanks, as few indexes do.
    """

    def __init__(
        self, *, serves_json: bool = True, has_details: bool = True, bare_html: bool = False
    ) -> None:
        self.serves_json = serves_json
        self.has_details = has_details
        self.bare_html = bare_html
        self.projects: dict[str, FakeProject] = {}
        self.requests: list[SeenRequest] = []
        self.lock = threading.RLock()
        self._faults: dict[str, tuple[Fault, int]] = {}
        self._server: FakeServer | None = None

    def __enter__(self) -> Self:
        self._server = FakeServer(self)
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.stop()

    @property
    def root(self) -> str:
        assert self._server is not None, "the server runs inside `with` only"
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """The URL of the simple index."""
        return f"{self.root}/simple/"

    def page_path(self, project: str) -> str:
        return f"/simple/{canonicalize_name(project)}/"

    def details_path(self, project: str) -> str:
        return f"/pypi/{canonicalize_name(project)}/json"

    def file_path(self, filename: str) -> str:
        with self.lock:
            return next(
                project.files[filename].path
                for project in self.projects.values()
                if filename in project.files
            )

    def add_project(self, name: str, *, summary: str | None = None) -> FakeProject:
        """Add a project without files, or return the one that is there."""
        with self.lock:
            return self.projects.setdefault(
                canonicalize_name(name), FakeProject(display_name=name, summary=summary)
            )

    def add_file(
        self,
        project: str,
        content: bytes | Path,
        filename: str | None = None,
        *,
        sha256: str | None = None,
        requires_python: str | None = None,
        yanked: bool | str = False,
        uploaded_at: datetime | None = UPLOADED_AT,
        metadata: bytes | None = None,
    ) -> FakeFile:
        """Add or replace a file; a wheel's `.metadata` is taken from it unless it is given."""
        if isinstance(content, Path):
            filename = filename or content.name
            content = content.read_bytes()
        assert filename is not None, "bytes need a filename"
        file = FakeFile(
            filename=filename,
            content=content,
            sha256=sha256 or hashlib.sha256(content).hexdigest(),
            requires_python=requires_python,
            yanked=yanked,
            uploaded_at=uploaded_at,
            metadata=metadata or metadata_of(filename, content),
        )
        with self.lock:
            self.add_project(project).files[filename] = file
            self.touch(project)
        return file

    def add_folder(self, folder: Path) -> None:
        """Add every wheel and source distribution of a folder, projects told by filenames."""
        for path in sorted(folder.iterdir()):
            if path.name.endswith((".whl", ".tar.gz", ".zip")):
                name = re.split(r"-(?=\d)", path.name, maxsplit=1)[0]
                self.add_file(name, path)

    def yank(self, project: str, filename: str, *, yanked: bool | str = True) -> None:
        with self.lock:
            self.projects[canonicalize_name(project)].files[filename].yanked = yanked
            self.touch(project)

    def set_status(self, project: str, status: str | None, *, reason: str | None = None) -> None:
        with self.lock:
            self.add_project(project).status = status
            self.add_project(project).status_reason = reason
            self.touch(project)

    def remove(self, project: str, filename: str | None = None) -> None:
        """Remove a file, or the whole project."""
        with self.lock:
            if filename is None:
                del self.projects[canonicalize_name(project)]
            else:
                del self.projects[canonicalize_name(project)].files[filename]
                self.touch(project)

    def touch(self, project: str) -> None:
        """Raise the project's serial, as each change does; texts stay texts."""
        known = self.projects[canonicalize_name(project)]
        serial = int(known.serial) + 1
        known.serial = str(serial) if isinstance(known.serial, str) else serial

    def fail(self, path: str, fault: Fault) -> None:
        """Make requests for a path fail, from now on."""
        with self.lock:
            self._faults[path] = (fault, 0)

    def heal(self, path: str) -> None:
        with self.lock:
            self._faults.pop(path, None)

    def fault_for(self, path: str) -> Fault:
        """Return the fault to apply to a request now, and count it."""
        with self.lock:
            fault, used = self._faults.get(path, (Fault(), 0))
            if fault.times is not None and used >= fault.times:
                return Fault()
            self._faults[path] = (fault, used + 1)
            return fault

    def seen(self, path: str) -> list[SeenRequest]:
        """Return the requests for a path, in order."""
        with self.lock:
            return [request for request in self.requests if request.path == path]


def metadata_of(filename: str, content: bytes) -> bytes | None:
    """Return the METADATA of a wheel; None if it is none, or a broken one."""
    if not filename.endswith(".whl"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            wanted = next(name for name in names if name.endswith(".dist-info/METADATA"))
            return archive.read(wanted)
    except (zipfile.BadZipFile, StopIteration):
        return None


__all__ = ["FakeFile", "FakeProject", "FakeUpstream", "Fault", "SeenRequest", "metadata_of"]
