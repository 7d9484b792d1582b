"""The projects and files of the fake index."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fake_upstream_pages import version_of

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
    quarantined: set[str] = field(default_factory=set)
    """Versions whose files are not shown; "" stands for all of them."""

    @property
    def shown_files(self) -> list[FakeFile]:
        """The files that the index lets people see, in their order."""
        if not self.quarantined:
            return list(self.files.values())
        if "" in self.quarantined:
            return []
        return [
            file
            for file in self.files.values()
            if version_of(file.filename) not in self.quarantined
        ]


def version_or_none(filename: str) -> str | None:
    try:
        return version_of(filename)
    except ValueError:
        return None


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
