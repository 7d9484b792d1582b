"""The fault zoo: source distributions that misbehave, packed from `tests/faultzoo`."""

import gzip
import io
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

from wheelyard.model.build import FailureKind, Limits

_ZOO = Path(__file__).parent / "faultzoo"
_WHEEL_WRITER = "wheelwriter.py"
_EXPECTED = "expected.toml"
_TIMESTAMP = 1_577_836_800
_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come of a build: a wheel (`kind` is None) or a failure of this kind."""

    kind: FailureKind | None
    limits: Limits
    needs_index: bool


def zoo_names() -> list[str]:
    """Return the names of the zoo's projects, those of their folders."""
    return sorted(folder.name for folder in _ZOO.iterdir() if (folder / _EXPECTED).is_file())


def zoo_folder(name: str) -> Path:
    """Return the folder of a project's sources."""
    return _ZOO / name


def expected(name: str) -> Expected:
    """Return what must come of a build of this project."""
    text = tomllib.loads((_ZOO / name / _EXPECTED).read_text(encoding="utf-8"))
    limits = text.pop("limits", {})
    if "duration" in limits:
        limits["duration"] = timedelta(seconds=limits["duration"])
    if unknown := limits.keys() - {field.name for field in fields(Limits)}:
        raise ValueError(unknown)
    outcome = text.pop("outcome")
    found = Expected(
        kind=FailureKind(text.pop("kind")) if outcome == "failure" else None,
        limits=Limits(**limits),
        needs_index=text.pop("needs_index", False),
    )
    if text or outcome not in {"failure", "wheel"}:
        raise ValueError((name, outcome, text))
    return found


def make_sdist(name: str, folder: Path) -> Path:
    """Pack a project into a folder and return the archive, which has the same bytes every time."""
    stem = f"zoo_{name.replace('-', '_')}-{_VERSION}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(_contents(name)):
            member = tarfile.TarInfo(f"{stem}/{path}")
            member.size = len(content)
            member.mtime = _TIMESTAMP
            archive.addfile(member, io.BytesIO(content))
    sdist = folder / f"{stem}.tar.gz"
    sdist.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return sdist


def _contents(name: str) -> Iterator[tuple[str, bytes]]:
    for file in (_ZOO / name).rglob("*"):
        if file.is_file() and file.name != _EXPECTED and file.suffix != ".pyc":
            yield file.relative_to(_ZOO / name).as_posix(), file.read_bytes()
    yield _WHEEL_WRITER, (_ZOO / _WHEEL_WRITER).read_bytes()
    metadata = f"Metadata-Version: 2.1\nName: zoo-{name}\nVersion: {_VERSION}\n"
    yield "PKG-INFO", metadata.encode()
