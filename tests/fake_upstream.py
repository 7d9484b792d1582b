"""A package index of our own: a real server on a free port, its projects in memory.

It speaks the simple API in JSON and HTML, `/pypi/NAME/json`, files with ranges and `.metadata`,
well enough for pip and uv to install from it; it tells of changes by an XML-RPC changelog, serials
in its list and RSS; and it fails where a test tells it to.

How to drive it:

    with FakeUpstream() as fake:                 # fake.url is the simple index
        fake.add_file("demo", b"...", "demo-1.0.tar.gz")
        fake.yank("demo", "demo-1.0.tar.gz", yanked="broken")
        fake.quarantine("demo", "1.0")           # a release; without a version, the project
        fake.clear_quarantine("demo", "1.0")
        fake.remove("demo")                      # a file by its name, else the whole project
        fake.project("demo").serial              # what a fresh page shows; None if removed

Each change is one event (or more, as on PyPI: a first file is `create`, `new release` and `add
source file ...`) and raises the serials. To play events late or out of order:

        fake.journal.holds = True                # events get serials, and are not shown
        ...changes...
        fake.journal.holds = False
        fake.journal.release(7, 9)               # show some of them; release() shows the rest
        fake.journal.shuffle = random.Random(1)  # rows of one answer in any order
        fake.journal.rows_a_call = 10            # short answers
        fake.journal.restore_backup(5)           # serials go backwards

To serve stale pages (as a cache would), and to fail:

        fake.freeze("demo")                      # the page stays as it is now, or missing
        fake.freeze_list()                       # so does the list
        fake.thaw()                              # everything is fresh again
        fake.fail(fake.page_path("demo"), Fault(status=429, retry_after="30", times=2))
        fake.misbehave = lambda method, path: Fault(status=500) if coin() else None
        fake.has_changelog = fake.has_rss = fake.serves_serials = fake.serves_etags = False

`fail` and `heal` take `CHANGELOG_PATH`, `LIST_PATH`, `UPDATES_PATH` and `PACKAGES_PATH` too; `seen`
tells which requests came.
"""

import copy
import hashlib
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from packaging.utils import canonicalize_name

from fake_upstream_journal import Journal, rpc_fault
from fake_upstream_projects import (
    UPLOADED_AT,
    FakeFile,
    FakeProject,
    metadata_of,
    version_or_none,
)
from fake_upstream_server import (
    CHANGELOG_PATH,
    LIST_PATH,
    PACKAGES_PATH,
    UPDATES_PATH,
    FakeServer,
    Fault,
    SeenRequest,
)
from wheelyard.clock import Clock


class FakeUpstream:
    """A context manager: the server runs inside `with`, and is gone afterwards.

    `serves_json=False` makes it an index that answers with HTML whatever is asked for;
    `has_details=False` one without `/pypi/NAME/json`; `bare_html=False` lets the HTML carry upload
    times and yanks, as few indexes do. With `bare_html` no header tells a serial either. `clock`
    dates the events.
    """

    def __init__(
        self,
        *,
        serves_json: bool = True,
        has_details: bool = True,
        bare_html: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.serves_json = serves_json
        self.has_details = has_details
        self.bare_html = bare_html
        self.has_changelog = True
        self.has_rss = True
        self.serves_serials = True
        self.serves_etags = True
        self.misbehave: Callable[[str, str], Fault | None] | None = None
        self.journal = Journal(clock=clock)
        self.projects: dict[str, FakeProject] = {}
        self._frozen: dict[str, FakeProject | None] = {}
        self._frozen_list: list[FakeProject] | None = None
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

    def project(self, name: str) -> FakeProject | None:
        """Return a project as it is, whatever its page shows; None if there is none."""
        with self.lock:
            return self.projects.get(canonicalize_name(name))

    def shown(self, name: str) -> FakeProject | None:
        """Return a project as its page shows it."""
        key = canonicalize_name(name)
        with self.lock:
            return self._frozen[key] if key in self._frozen else self.projects.get(key)

    def shown_list(self) -> list[FakeProject]:
        with self.lock:
            return list(self.projects.values()) if self._frozen_list is None else self._frozen_list

    def freeze(self, name: str) -> None:
        """Let a project's page stay as it is, whatever happens."""
        with self.lock:
            key = canonicalize_name(name)
            self._frozen[key] = copy.deepcopy(self.projects.get(key))

    def freeze_list(self) -> None:
        """Let the list of projects stay as it is."""
        with self.lock:
            self._frozen_list = copy.deepcopy(list(self.projects.values()))

    def thaw(self, name: str | None = None) -> None:
        """Let a project's page be fresh again; without a name all pages and the list."""
        with self.lock:
            if name is None:
                self._frozen.clear()
                self._frozen_list = None
            else:
                self._frozen.pop(canonicalize_name(name), None)

    def add_project(self, name: str, *, summary: str | None = None) -> FakeProject:
        """Add a project without files, or return the one that is there."""
        with self.lock:
            key = canonicalize_name(name)
            if key not in self.projects:
                self.projects[key] = FakeProject(display_name=name, summary=summary)
                self.projects[key].serial = self.journal.add(name, "create", None)
            return self.projects[key]

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
            self._add(project, file)
        return file

    def _add(self, project: str, file: FakeFile) -> None:
        known = self.add_project(project)
        version = version_or_none(file.filename)
        if version not in {version_or_none(name) for name in known.files}:
            self.touch(project, "new release", version)
        known.files[file.filename] = file
        kind = "py3" if file.filename.endswith(".whl") else "source"
        self.touch(project, f"add {kind} file {file.filename}", version)

    def add_folder(self, folder: Path) -> None:
        """Add every wheel and source distribution of a folder, projects told by filenames."""
        for path in sorted(folder.iterdir()):
            if path.name.endswith((".whl", ".tar.gz", ".zip")):
                name = re.split(r"-(?=\d)", path.name, maxsplit=1)[0]
                self.add_file(name, path)

    def yank(self, project: str, filename: str, *, yanked: bool | str = True) -> None:
        with self.lock:
            self.projects[canonicalize_name(project)].files[filename].yanked = yanked
            action = "unyank release" if yanked is False else "yank release"
            self.touch(project, action, version_or_none(filename))

    def set_status(self, project: str, status: str | None, *, reason: str | None = None) -> None:
        """Show a status (PEP 792), and go on showing the files."""
        with self.lock:
            self.add_project(project).status = status
            self.add_project(project).status_reason = reason
            self.touch(project, f"project {status or 'active'}")

    def quarantine(self, project: str, version: str | None = None) -> None:
        """Show no files any more, of one release or of the whole project."""
        with self.lock:
            known = self.projects[canonicalize_name(project)]
            known.quarantined.add(version or "")
            if version is None:
                known.status = "quarantined"
            kind = "project" if version is None else "release"
            self.touch(project, f"{kind} quarantined", version)

    def clear_quarantine(self, project: str, version: str | None = None) -> None:
        with self.lock:
            known = self.projects[canonicalize_name(project)]
            known.quarantined.discard(version or "")
            if version is None:
                known.status = None
            kind = "project" if version is None else "release"
            self.touch(project, f"{kind} quarantine cleared", version)

    def remove(self, project: str, filename: str | None = None) -> None:
        """Remove a file, or the whole project."""
        with self.lock:
            if filename is None:
                removed = self.projects.pop(canonicalize_name(project))
                self.journal.add(removed.display_name, "remove project", None)
                return
            known = self.projects[canonicalize_name(project)]
            del known.files[filename]
            version = version_or_none(filename)
            self.touch(project, f"remove file {filename}", version)
            if version not in {version_or_none(name) for name in known.files}:
                self.touch(project, "remove release", version)

    def touch(self, project: str, action: str = "change", version: str | None = None) -> None:
        """Note an event of a project; a serial that is a text stays a text."""
        known = self.projects[canonicalize_name(project)]
        serial = self.journal.add(known.display_name, action, version)
        known.serial = str(serial) if isinstance(known.serial, str) else serial

    def fail(self, path: str, fault: Fault) -> None:
        """Make requests for a path fail, from now on."""
        with self.lock:
            self._faults[path] = (fault, 0)

    def heal(self, path: str) -> None:
        with self.lock:
            self._faults.pop(path, None)

    def fault_for(self, path: str, method: str = "GET") -> Fault:
        """Return the fault to apply to a request now, and count it."""
        with self.lock:
            fault = self.misbehave(method, path) if self.misbehave is not None else None
            if fault is not None:
                return fault
            fault, used = self._faults.get(path, (Fault(), 0))
            if fault.times is not None and used >= fault.times:
                return Fault()
            self._faults[path] = (fault, used + 1)
            return fault

    def seen(self, path: str) -> list[SeenRequest]:
        """Return the requests for a path, in order."""
        with self.lock:
            return [request for request in self.requests if request.path == path]


__all__ = [
    "CHANGELOG_PATH",
    "LIST_PATH",
    "PACKAGES_PATH",
    "UPDATES_PATH",
    "UPLOADED_AT",
    "FakeFile",
    "FakeProject",
    "FakeUpstream",
    "Fault",
    "SeenRequest",
    "metadata_of",
    "rpc_fault",
]
