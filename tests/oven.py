"""Everything that one real build needs: sandbox, index, server and folders, and short ways to bake.

A bench holds the caches, and is good for many builds; an `Oven` is for one test.
"""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder_server import BuilderServer, make_lease, make_sdist_message
from fake_upstream import UPLOADED_AT, FakeUpstream
from sandboxes import bubblewrap, reachable_folder
from wheelyard.builder import host
from wheelyard.builder.attempt import Bench
from wheelyard.builder.build import Outcome, build
from wheelyard.builder.environments.choice import Environments
from wheelyard.builder.environments.store import Store
from wheelyard.builder.report import Report
from wheelyard.builder.sandbox.folders import build_user, remove_tree
from wheelyard.client import http_client
from wheelyard.model.build import Failure, Limits
from wheelyard.model.recipe import Recipe
from wheelyard.protocol import BuildLease
from wheelyard.settings import Settings
from zoo import make_sdist


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Open a bench with bubblewrap and a folder of its own."""
    settings = Settings()
    client = http_client(contact="tests", timeout=settings.upstream.timeout)
    with reachable_folder() as folder, client:
        yield Bench(
            environments=Environments(store=Store(folder), chosen={}, is_open=False),
            sandbox=bubblewrap(),
            user=build_user(settings),
            client=client,
            folder=folder,
            processors=2,
        )


@dataclass(frozen=True, kw_only=True)
class Oven:
    """What one test bakes with; `folder` keeps source distributions, `work` is the build's own."""

    bench: Bench
    upstream: FakeUpstream
    server: BuilderServer
    folder: Path
    work: Path

    def zoo(self, name: str, *, number: int = 0, limits: Limits | None = None) -> BuildLease:
        """Return the lease to build a project of the zoo."""
        sdist = make_sdist(name, self.folder)
        return self.lease(sdist, project=f"zoo-{name}", number=number, limits=limits)

    def odd(self, backend: str, *, limits: Limits | None = None) -> BuildLease:
        """Return the lease to build a project `odd` whose back end is this code."""
        sdist = make_odd_sdist(self.folder, backend)
        return self.lease(sdist, project="odd", limits=limits)

    def lease(
        self,
        sdist: Path,
        *,
        project: str,
        number: int = 0,
        limits: Limits | None = None,
        recipe: Recipe | None = None,
    ) -> BuildLease:
        """Put a source distribution on the index, and return the lease to build it."""
        file = self.upstream.add_file(project, sdist)
        return make_lease(
            number=number,
            project=project,
            target=host.local_target(),
            sdist=make_sdist_message(
                filename=file.filename,
                url=self.upstream.root + file.path,
                sha256=file.sha256,
                uploaded_at=UPLOADED_AT,
            ),
            limits=limits,
            recipe=recipe,
            index_url=self.upstream.url,
        )

    @contextmanager
    def reporting(
        self, lease: BuildLease, *, stop: threading.Event | None = None
    ) -> Iterator[Report]:
        """Send signs of life inside `with`."""
        with (
            closing(self.server.connection()) as connection,
            Report(connection, lease, stop=stop or threading.Event()) as report,
        ):
            yield report

    def bake(self, lease: BuildLease, *, work: Path | None = None) -> Outcome:
        """Build to the end, and send the whole log."""
        with self.reporting(lease) as report:
            outcome = build(self.bench, lease, report, work=work or self.work)
            report.flush()
        return outcome

    def log(self, lease: BuildLease) -> str:
        """Return the log as the server has it."""
        return self.server.logs[lease.build_id].decode(errors="replace")


@contextmanager
def open_oven(bench: Bench, folder: Path) -> Iterator[Oven]:
    """Open an oven with servers of its own; its work folder is gone afterwards."""
    work = bench.folder / f"work-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    work.mkdir()
    work.chmod(0o711)
    try:
        with FakeUpstream() as upstream, BuilderServer() as server:
            yield Oven(bench=bench, upstream=upstream, server=server, folder=folder, work=work)
    finally:
        remove_tree(work)


def make_odd_sdist(folder: Path, backend: str) -> Path:
    """Pack a project with a back end of its own that needs nothing."""
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    sdist = folder / "odd-1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        for name, text in (("pyproject.toml", pyproject), ("backend.py", backend)):
            member = tarfile.TarInfo(f"odd-1.0/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return sdist


def wheel_of(outcome: Outcome) -> Path:
    """Return the wheel, which is as it was certified."""
    assert not isinstance(outcome.result, Failure), outcome.result
    path, wheel = outcome.result
    content = path.read_bytes()
    assert (wheel.filename, wheel.size, wheel.sha256) == (
        path.name,
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    return path


def failure_of(outcome: Outcome) -> Failure:
    assert isinstance(outcome.result, Failure), outcome.result
    return outcome.result
