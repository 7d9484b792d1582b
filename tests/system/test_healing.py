"""A build that mends itself, whole: real programs, a real environment, Debian's own packages.

`TEST_ENVIRONMENTS` and `TEST_CONTENTS` may name folders where environments and indexes are kept.
"""

import gzip
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_upstream import FakeUpstream
from line import PATIENCE, WHEELYARD, Line
from wheelyard.model.build import BuildState

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

ENVIRONMENT = "bookworm-amd64"
TARGET = "bookworm-cp311-x86_64"
SOURCE = "#include <Python.h>\n#include <{header}>\nint answer = {answer};\n"
BACKEND = """
import pathlib, subprocess, sysconfig, zipfile


def build_wheel(folder, settings=None, metadata=None):
    module = "packed" + sysconfig.get_config_var("EXT_SUFFIX")
    include = sysconfig.get_path("include")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", f"-I{{include}}", "packed.c", "-o", module], check=True
    )
    name = "packed-{version}-cp311-cp311-linux_x86_64.whl"
    info = "packed-{version}.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.write(module)
        metadata = "Metadata-Version: 2.1\\nName: packed\\nVersion: {version}\\n"
        wheel.writestr(info + "METADATA", metadata)
        tags = "Tag: cp311-cp311-linux_x86_64\\nRoot-Is-Purelib: false\\n"
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\n" + tags)
        names = [module, info + "METADATA", info + "WHEEL", info + "RECORD"]
        import base64, hashlib
        lines = []
        for each in names[:-1]:
            data = wheel.read(each)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{{each}},sha256={{digest}},{{len(data)}}")
        wheel.writestr(names[-1], "\\n".join([*lines, names[-1] + ",,"]) + "\\n")
    return name
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def sdist(version: str, *, header: str) -> bytes:
    """Return a source distribution whose C code includes a header."""
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: packed\nVersion: {version}\n",
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND.format(version=version),
        "packed.c": SOURCE.format(header=header, answer=42),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"packed-{version}/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue())


@pytest.fixture(scope="module")
def kept() -> Iterator[dict[str, str]]:
    """Return settings that name an environment and an index, made if they are not there."""
    with tempfile.TemporaryDirectory(prefix="wheelyard-healing-") as folder:
        Path(folder).chmod(0o711)
        settings = {
            "BUILDER__ENVIRONMENT_FOLDER": os.environ.get("TEST_ENVIRONMENTS", f"{folder}/roots"),
            "CONTENTS_FOLDER": os.environ.get("TEST_CONTENTS", f"{folder}/contents"),
            "BUILDER__FOLDER": f"{folder}/builder",
        }
        given = os.environ | {f"WHEELYARD_{key}": value for key, value in settings.items()}
        if not Path(settings["BUILDER__ENVIRONMENT_FOLDER"], ENVIRONMENT).exists():
            make = [str(WHEELYARD), "environment", "create", ENVIRONMENT]
            subprocess.run(make, env=given, check=True, timeout=600)
        if not Path(settings["CONTENTS_FOLDER"], f"{ENVIRONMENT}.sqlite").exists():
            make = [str(WHEELYARD), "environment", "index", ENVIRONMENT]
            subprocess.run(make, env=given, check=True, timeout=600)
        yield settings


def test_what_a_project_lacks_is_found_added_and_remembered(
    tmp_path: Path, kept: dict[str, str]
) -> None:
    with FakeUpstream() as upstream:
        upstream.add_file("packed", sdist("1.0", header="lzo/lzo1x.h"), "packed-1.0.tar.gz")
        line = Line(tmp_path, upstream, TARGETS=f'["{TARGET}"]', **kept)
        first = line.once("packed")
        assert first.returncode == 0, first.stdout + line.programs()
        upstream.add_file("packed", sdist("2.0", header="lzo/lzo1x.h"), "packed-2.0.tar.gz")
        second = line.once("packed==2.0")
        assert second.returncode == 0, second.stdout
    made = [
        (str(build.version), build.state, build.recipe.debian_packages, build.healing_round)
        for build in reversed(line.builds())
    ]
    assert made == [
        ("1.0", BuildState.FAILED, (), 0),
        ("1.0", BuildState.SUCCEEDED, ("liblzo2-dev",), 1),
        ("2.0", BuildState.SUCCEEDED, ("liblzo2-dev",), 0),
    ]


def test_a_header_that_no_package_has_stays_a_failure_and_is_explained(
    tmp_path: Path, kept: dict[str, str]
) -> None:
    with FakeUpstream() as upstream:
        upstream.add_file("packed", sdist("1.0", header="nowhere/at_all.h"), "packed-1.0.tar.gz")
        line = Line(tmp_path, upstream, TARGETS=f'["{TARGET}"]', **kept)
        assert line.once("packed").returncode == 1
    explained = subprocess.run(
        [WHEELYARD, "failure", "explain", "packed==1.0"],
        env=line.environment() | {"WHEELYARD_DATA": str(line.data)},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    ).stdout
    assert "nowhere/at_all.h" in explained
    assert "wheelyard reproduce packed==1.0" in explained
