"""Certificates of real wheels, and of one with absurdly many files."""

import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from certified import expect, said_by
from wheels import make_wheel, make_zip
from wheelyard.certify.expected import Expected
from wheelyard.certify.inspection import certify
from wheelyard.model.names import parse_wheel_name
from wheelyard.model.target import target_from_name

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

REAL = [
    ("numpy", "manylinux_2_28_x86_64", "bookworm-cp311-x86_64"),
    ("numpy", "manylinux_2_28_aarch64", "bookworm-cp311-aarch64"),
    ("markupsafe", "manylinux_2_31_armv7l", "bookworm-cp311-armv7l"),
    ("cryptography", "manylinux_2_31_armv7l", "bookworm-cp311-armv7l"),
    ("cryptography", "manylinux_2_28_aarch64", "trixie-cp313-aarch64"),
]


def fetch(folder: Path, project: str, platform: str, version: str) -> Path:
    """Fetch a wheel from the index that this machine is set up for."""
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    words += ["--disable-pip-version-check", "--dest", str(folder), "--only-binary", ":all:"]
    words += ["--platform", platform, "--python-version", version, project]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.parametrize(("project", "platform", "target"), REAL)
def test_a_real_wheel_passes_within_a_second(
    tmp_path: Path, project: str, platform: str, target: str
) -> None:
    path = fetch(tmp_path, project, platform, target.split("-")[1].removeprefix("cp"))
    wheel = parse_wheel_name(path.name)
    expected = Expected(
        project=wheel.project, version=wheel.version, target=target_from_name(target)
    )
    certify(path, expected)
    begun = time.process_time()
    certified = certify(path, expected)
    seconds = time.process_time() - begun
    assert said_by(certified) == ""
    assert seconds < 1.0


def test_a_wheel_of_a_hundred_thousand_files_is_refused_at_once(tmp_path: Path) -> None:
    files = {f"spam/{number}": b"" for number in range(100_000)}
    path = make_zip(tmp_path / "spam-1.0-py3-none-any.whl", files)
    begun = time.process_time()
    certified = certify(path, expect())
    assert time.process_time() - begun < 1.0
    assert said_by(certified) == ("archive\nthe archive has 100000 entries, more than 75000")


def test_real_armv7l_code_under_the_name_of_armv6l_is_refused(tmp_path: Path) -> None:
    path = fetch(tmp_path / "fetched", "markupsafe", "manylinux_2_31_armv7l", "311")
    with zipfile.ZipFile(path) as archive:
        files = {
            name.replace("markupsafe/", "spam/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("markupsafe/")
        }
    made = make_wheel(tmp_path, tags=["cp311-cp311-linux_armv6l"], files=files)
    certified = certify(made, expect("bookworm-cp311-armv6l"))
    assert {check.name for check in certified.certificate.failed} == {"arm"}
    assert "holds Arm v7 code" in said_by(certified)
