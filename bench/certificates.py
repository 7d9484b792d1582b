"""What a certificate costs without imports, beside reading the wheel's files once."""

import hashlib
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from wheelyard.certify.expected import Expected
from wheelyard.certify.inspection import certify
from wheelyard.model.names import parse_wheel_name
from wheelyard.model.target import target_from_name

ROUNDS = 7
WHEELS = (
    ("numpy", "manylinux_2_28_aarch64", "bookworm-cp311-aarch64"),
    ("numpy", "manylinux_2_28_x86_64", "bookworm-cp311-x86_64"),
    ("cryptography", "manylinux_2_31_armv7l", "bookworm-cp311-armv7l"),
)
"""Real wheels of the index that this machine is set up for: project, platform, target."""


@dataclass(frozen=True, slots=True)
class CertificateFigures:
    """Median seconds of processor time for one wheel; sizes in bytes."""

    filename: str
    size: int
    unpacked: int
    certificate: float
    reading: float


def measure() -> list[CertificateFigures]:
    """Certify each wheel and read its files, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        return [_measure(Path(folder) / str(number), *wheel) for number, wheel in enumerate(WHEELS)]


def _measure(folder: Path, project: str, platform: str, target: str) -> CertificateFigures:
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    words += ["--only-binary", ":all:", "--platform", platform, "--python-version", "311", project]
    subprocess.run(words, check=True)
    (path,) = folder.iterdir()
    wheel = parse_wheel_name(path.name)
    expected = Expected(
        project=wheel.project, version=wheel.version, target=target_from_name(target)
    )
    certificates, readings = [], []
    for _ in range(ROUNDS):
        certificates.append(_seconds(lambda: _certify(path, expected)))
        readings.append(_seconds(lambda: _read(path)))
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    return CertificateFigures(
        filename=path.name,
        size=path.stat().st_size,
        unpacked=unpacked,
        certificate=median(certificates),
        reading=median(readings),
    )


def _seconds(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _certify(path: Path, expected: Expected) -> None:
    failure = certify(path, expected).failure
    if failure is not None:
        raise RuntimeError(failure.message)


def _read(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            hashlib.sha256(archive.read(name)).digest()
