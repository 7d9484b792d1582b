"""Certificates of real wheels, and of one with absurdly many files."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from certified import expect, said_by
from wheels import make_zip
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


@pytest.mark.parametrize(("project", "platform", "target"), REAL)
def test_a_real_wheel_passes_within_a_second(
    tmp_path: Path, project: str, platform: str, target: str
) -> None:
    version = target.split("-")[1].removeprefix("cp")
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    words += [
        "--disable-pip-version-check",
        "--dest",
        str(tmp_path),
        "--only-binary",
        ":all:",
        "--platform",
        platform,
    ]
    words += ["--python-version", version, project]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*.whl")
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
