from pathlib import Path

import pytest

from certified import expect
from elves import elf_object
from wheels import make_target, make_wheel
from wheelyard.builder.importing import (
    judge,
    runtime_requirements,
    top_level_modules,
    unpack,
)
from wheelyard.certify.contents import Contents, read_contents
from wheelyard.model.build import Limits
from wheelyard.model.certificate import CheckResult


def read(folder: Path, files: dict[str, bytes]) -> Contents:
    found = read_contents(make_wheel(folder, files=files), limits=Limits())
    assert isinstance(found, Contents)
    return found


def raised(module: str, *kinds: str, error: str = "no", name: str = "") -> dict[str, object]:
    kinds = (*kinds, "Exception", "BaseException", "object")
    return {"module": module, "signal": 0, "error": error, "kinds": list(kinds), "name": name}


def fine(module: str) -> dict[str, object]:
    return {"module": module, "signal": 0, "error": None, "kinds": []}


def test_what_users_import_is_found(tmp_path: Path) -> None:
    names = (
        *("spam/__init__.py", "spam/deep/eggs.py", "_spam.cpython-311-x86_64-linux-gnu.so"),
        *("_abi.abi3.so", "plain.so", "module.py", "namespace/part.py", "data/x.txt", "a-b/c.py"),
        *("tests/__init__.py", "test_spam.py", "docs/conf.py", "setup.py", "conftest.py"),
        *("spam-1.0.data/platlib/ham.py", "spam-1.0.data/scripts/spam.py", "spam.pth"),
        *("__main__.py", "testing/__init__.py"),
    )
    files = {name: elf_object() if name.endswith(".so") else b"" for name in names}
    assert top_level_modules(read(tmp_path, files)) == (
        *("_abi", "_spam", "ham", "module", "namespace", "plain", "spam", "testing"),
    )


def test_only_what_goes_to_site_packages_is_unpacked(tmp_path: Path) -> None:
    files = {
        "spam/": b"",
        "spam/__init__.py": b"1",
        "spam-1.0.data/purelib/ham.py": b"2",
        "spam-1.0.data/scripts/spam": b"3",
    }
    unpack(read(tmp_path, files), tmp_path / "site")
    found = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*.py")}
    assert found == {"spam/__init__.py", "ham.py"}
    assert not (tmp_path / "site" / "spam-1.0.data").exists()
    assert (tmp_path / "site" / "spam-1.0.dist-info" / "METADATA").exists()


def test_requirements_are_those_of_the_target() -> None:
    metadata = (
        b"Metadata-Version: 2.1\nName: spam\nVersion: 1\nRequires-Dist: eggs>=2\n"
        b"Requires-Dist: old; python_version < '3.8'\n"
        b"Requires-Dist: arm; platform_machine == 'armv7l'\n"
        b"Requires-Dist: docs; extra == 'docs'\n"
        b"Requires-Dist: win; sys_platform == 'win32'\nRequires-Dist: !?\n"
    )
    target = make_target("bookworm-cp311-armv7l")
    assert runtime_requirements(metadata, target) == ("eggs>=2", "arm")
    assert expect().target != target


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (raised("spam", "ImportError", error="undefined symbol: x"), "undefined symbol: x"),
        (raised("spam", "SyntaxError"), "SyntaxError: no"),
        (raised("spam", "AttributeError"), "AttributeError: no"),
        (
            raised("spam", "ModuleNotFoundError", "ImportError", name="spam._core"),
            "ModuleNotFoundError: no",
        ),
        ({"module": "spam", "signal": 11, "error": "", "kinds": []}, "Segmentation fault"),
        ({"module": "spam", "signal": 4, "error": "", "kinds": []}, "Illegal instruction"),
        ({"module": "spam", "error": "It ended without a word.", "kinds": []}, "without a word"),
        ({"module": "other"}, "the interpreter ended before it"),
        ({"module": "spam", "signal": "x", "error": 3, "kinds": "y"}, "error: 3"),
    ],
)
def test_a_module_that_cannot_be_imported_fails(result: dict[str, object], line: str) -> None:
    check = judge(["spam"], [result])
    assert check.result is CheckResult.FAIL
    assert line in check.evidence[0]


@pytest.mark.parametrize(
    "result",
    [
        raised("spam", "RuntimeError", error="only on a Raspberry Pi"),
        raised("spam", "FileNotFoundError", "OSError"),
        raised("spam", "ModuleNotFoundError", "ImportError", name="gi"),
    ],
)
def test_a_module_that_wants_another_machine_is_no_fault(result: dict[str, object]) -> None:
    assert judge(["spam"], [result]).result is CheckResult.NOT_APPLICABLE
    check = judge(["eggs", "spam"], [fine("eggs"), result])
    assert check.result is CheckResult.PASS
    assert check.message == "These modules can be imported: eggs."
    assert len(check.evidence) == 1
