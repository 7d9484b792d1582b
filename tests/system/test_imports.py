"""Importing new wheels: the real sandbox, the real interpreter, real extension modules."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from oven import Oven, failure_of, open_bench, open_oven, wheel_of
from wheels import make_wheel
from wheelyard.builder import host
from wheelyard.builder.attempt import Bench
from wheelyard.builder.importing import ImportPlace, check_imports
from wheelyard.builder.installing import Index
from wheelyard.certify.contents import Contents, read_contents
from wheelyard.model.build import FailureKind, Limits
from wheelyard.model.certificate import Check, CheckResult

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as bench:
        yield bench


@pytest.fixture
def oven(bench: Bench, tmp_path: Path) -> Iterator[Oven]:
    with open_oven(bench, tmp_path) as oven:
        yield oven


def import_files(oven: Oven, files: dict[str, bytes]) -> Check:
    """Import a wheel that holds these files."""
    path = make_wheel(oven.folder / "made", tags=["py3-none-any"], files=files)
    contents = read_contents(path, limits=Limits())
    assert isinstance(contents, Contents)
    place = ImportPlace(
        sandbox=oven.bench.sandbox,
        user=oven.bench.user,
        folder=oven.work / "import",
        index=Index(url=oven.upstream.url, folder=oven.bench.folder),
        limits=Limits(),
    )
    with oven.reporting(oven.zoo("good-pure")) as report:
        check = check_imports(contents, host.local_target(), place, report)
    assert isinstance(check, Check)
    return check


def extension(folder: Path, code: str) -> bytes:
    """Compile an object that Python would load as a module."""
    source, made = folder / "spam.c", folder / "spam.so"
    source.write_text(code)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source], check=True)
    return made.read_bytes()


def test_modules_that_can_be_imported_pass(oven: Oven) -> None:
    files = {"spam/__init__.py": b"from spam import eggs\n", "spam/eggs.py": b"", "ham.py": b""}
    check = import_files(oven, files)
    assert check.result is CheckResult.PASS
    assert check.message == "These modules can be imported: ham, spam."


def test_an_undefined_symbol_is_found(oven: Oven, tmp_path: Path) -> None:
    code = extension(tmp_path, "int lost(void); void *PyInit_spam(void) { lost(); return 0; }")
    check = import_files(oven, {"spam.so": code})
    assert check.result is CheckResult.FAIL
    assert "undefined symbol: lost" in check.evidence[0]


def test_a_crash_of_one_module_is_told_of_that_module_only(oven: Oven, tmp_path: Path) -> None:
    code = extension(tmp_path, "void *PyInit_spam(void) { *(volatile int *)0 = 1; return 0; }")
    check = import_files(oven, {"spam.so": code, "zeta.py": b""})
    assert check.result is CheckResult.FAIL
    assert check.evidence == ("spam: Segmentation fault",)


def test_an_import_has_no_network(oven: Oven) -> None:
    code = b"import socket\nsocket.create_connection(('127.0.0.1', 9), 1)\n"
    check = import_files(oven, {"spam.py": code})
    assert check.result is CheckResult.NOT_APPLICABLE
    assert "Error" in check.evidence[0]


def test_a_module_that_ends_the_interpreter_fails(oven: Oven) -> None:
    check = import_files(oven, {"spam.py": b"import os\nos._exit(0)\n"})
    assert check.result is CheckResult.FAIL
    assert check.evidence == ("spam: error: It ended without a word.",)


def test_a_wheel_that_cannot_be_imported_is_a_failed_build(oven: Oven) -> None:
    backend = (
        "import base64, hashlib, zipfile\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    info = 'odd-1.0.dist-info/'\n"
        "    files = {'odd.py': b'raise NameError(1)',\n"
        "        info + 'METADATA': b'Metadata-Version: 2.1\\nName: odd\\nVersion: 1.0\\n',\n"
        "        info + 'WHEEL': b'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n'\n"
        "        b'Tag: py3-none-any\\n'}\n"
        "    lines = ''\n"
        "    for path, data in files.items():\n"
        "        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=')\n"
        "        lines += f'{path},sha256={digest.decode()},{len(data)}\\n'\n"
        "    files[info + 'RECORD'] = (lines + info + 'RECORD,,\\n').encode()\n"
        "    name = 'odd-1.0-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(f'{folder}/{name}', 'w') as archive:\n"
        "        for path, data in files.items():\n"
        "            archive.writestr(path, data)\n"
        "    return name\n"
    )
    failure = failure_of(oven.bake(oven.odd(backend)))
    assert failure.kind is FailureKind.OUTPUT_INVALID
    assert failure.subject == "import"
    assert failure.evidence == ("odd: NameError: 1",)


def test_a_compiled_wheel_gets_the_manylinux_tag_and_tells_what_it_was_checked_for(
    oven: Oven,
) -> None:
    outcome = oven.bake(oven.zoo("good-extension"))
    assert "manylinux_2_" in wheel_of(outcome).name
    results = {check.name: check.result for check in outcome.checks}
    assert results == {
        "python-symbols": CheckResult.PASS,
        "libraries": CheckResult.PASS,
        "build-host": CheckResult.PASS,
        "import": CheckResult.PASS,
    }
