from pathlib import Path

import pytest

from certified import certify_object, check_of, expect, said_by
from elves import ARM, elf_object
from wheels import make_target, make_wheel
from wheelyard.certify.inspection import certify
from wheelyard.model.certificate import CheckResult

OLD = {"libc.so.6": ["GLIBC_2.17"]}
NEW = {"libc.so.6": ["GLIBC_2.34"]}


@pytest.mark.parametrize(
    ("tag", "content", "name", "reason"),
    [
        (
            "cp311-cp311-manylinux_2_17_x86_64",
            elf_object(versions=NEW),
            "spam/_core.so",
            "tags-proved\n'spam/_core.so' needs GLIBC_2.34, which manylinux_2_17_x86_64 does",
        ),
        (
            "cp311-cp311-manylinux2014_x86_64",
            elf_object(needed=["libxml2.so.2"]),
            "spam/_core.so",
            "tags-proved\n'spam/_core.so' needs libxml2.so.2, which manylinux_2_17_x86_64 does",
        ),
        (
            "py3-none-linux_x86_64",
            elf_object(imports=["PyLong_AsLong"]),
            "spam/_core.so",
            "uses Python's functions in a wheel for every Python",
        ),
        (
            "cp311-cp311-linux_x86_64",
            elf_object(),
            "spam/_core.cpython-310-x86_64-linux-gnu.so",
            "named for another Python than cp311",
        ),
        (
            "cp311-cp311-linux_x86_64",
            elf_object(),
            "spam/_core.cpython-311-arm-linux-gnueabihf.so",
            "named for another machine than x86_64-linux-gnu",
        ),
        (
            "cp38-abi3-linux_x86_64",
            elf_object(imports=["PyLong_AsLong", "_PyLong_New"]),
            "spam/_core.abi3.so",
            "stable-abi\n'spam/_core.abi3.so' uses _PyLong_New, which is not in the stable ABI",
        ),
        (
            "cp38-abi3-linux_x86_64",
            elf_object(imports=["PyModule_AddType"]),
            "spam/_core.abi3.so",
            "'spam/_core.abi3.so' uses PyModule_AddType, which is new in 3.10",
        ),
        (
            "cp38-abi3-linux_x86_64",
            elf_object(),
            "spam/_core.cpython-311-x86_64-linux-gnu.so",
            "named for one version of Python",
        ),
    ],
)
def test_a_tag_that_the_objects_do_not_keep_is_refused(
    tmp_path: Path, tag: str, content: bytes, name: str, reason: str
) -> None:
    assert reason in said_by(certify_object(tmp_path, content, tag=tag, name=name))


@pytest.mark.parametrize(
    ("tag", "content", "name"),
    [
        (
            "cp311-cp311-manylinux_2_17_x86_64",
            elf_object(versions=OLD),
            "spam/_core.cpython-311-x86_64-linux-gnu.so",
        ),
        ("cp311-cp311-manylinux_2_34_x86_64", elf_object(versions=NEW), "spam/_core.so"),
        ("py3-none-linux_x86_64", elf_object(imports=["malloc"]), "spam/libspam.so"),
        (
            "cp310-abi3-linux_x86_64",
            elf_object(imports=["PyModule_AddType", "_Py_NoneStruct", "_Py_Dealloc"]),
            "spam/_core.abi3.so",
        ),
    ],
)
def test_a_tag_that_the_objects_keep_is_taken(
    tmp_path: Path, tag: str, content: bytes, name: str
) -> None:
    assert said_by(certify_object(tmp_path, content, tag=tag, name=name)) == ""


@pytest.mark.parametrize(
    ("stated", "told", "result"),
    [
        (">=3.8", ">=3.8", CheckResult.PASS),
        (">=3.8.0", ">= 3.8", CheckResult.PASS),
        ("<4,>=3.8", ">=3.8, <4", CheckResult.PASS),
        (">=3.9", ">=3.8", CheckResult.FAIL),
        (None, ">=3.8", CheckResult.FAIL),
    ],
)
def test_requires_python_must_be_what_upstream_tells(
    tmp_path: Path, stated: str | None, told: str, result: CheckResult
) -> None:
    path = make_wheel(tmp_path, requires_python=stated)
    check = check_of(certify(path, expect(requires_python=told)), "requires-python")
    assert check.result is result
    assert check.evidence == (f"Requires-Python in METADATA: {stated or 'none'}, upstream: {told}",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pip/__init__.py", "'pip' belongs to pip"),
        ("setuptools.py", "'setuptools.py' belongs to setuptools"),
        ("sitecustomize.py", "'sitecustomize.py' belongs to the site"),
        ("spam-1.0.data/purelib/usercustomize.py", "belongs to the site"),
        ("spam-1.0.data/data/bin/python3", "environment's own files"),
        ("spam-1.0.data/data/pyvenv.cfg", "environment's own files"),
        ("spam-1.0.data/data/lib/python3.11/os.py", "environment's own files"),
        ("spam-1.0.data/scripts/python3", "replace a program"),
    ],
)
def test_a_file_in_a_place_of_others_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    path = make_wheel(tmp_path, files={"spam/__init__.py": b"", name: b""})
    assert reason in said_by(certify(path, expect()))


@pytest.mark.parametrize(
    "name", ["yaml/__init__.py", "spam-1.0.data/data/share/man/man1/spam.1", "spam.pth"]
)
def test_names_of_its_own_are_told(tmp_path: Path, name: str) -> None:
    path = make_wheel(tmp_path, files={"spam/__init__.py": b"", name: b""})
    assert "spam" in check_of(certify(path, expect()), "own-names").evidence


@pytest.mark.parametrize("before", [0, 4090, 300_000, 262_140])
def test_a_text_that_tells_of_the_builder_is_refused(tmp_path: Path, before: int) -> None:
    text = b"x" * before + b"/home/anna/work/build-77/spam.c"
    path = make_wheel(tmp_path, files={"spam/__init__.py": b"", "spam/config.txt": text})
    expected = expect(private=("/home/anna", "nobody-else"))
    assert said_by(certify(path, expected)) == "build-host\n'spam/config.txt' tells of '/home/anna'"


def test_object_files_may_hold_any_words(tmp_path: Path) -> None:
    content = elf_object(comment=b"/home/anna\0")
    certified = certify_object(tmp_path, content, expected=expect(private=("/home/anna",)))
    assert said_by(certified) == ""


@pytest.mark.parametrize(
    "relatives",
    [
        ("spam-1.0-cp311-cp311-manylinux_2_17_aarch64.whl",),
        ("spam-0.9-cp311-abi3-win_amd64.whl", "spam-0.9-cp311-abi3-linux_armv7l.whl"),
    ],
)
def test_a_silent_fall_back_to_python_is_refused(
    tmp_path: Path, relatives: tuple[str, ...]
) -> None:
    certified = certify(make_wheel(tmp_path, tags=["py3-none-any"]), expect(relatives=relatives))
    assert said_by(certified).startswith("fall-back\n")
    assert certified.wheel is None


@pytest.mark.parametrize(
    "relatives",
    [
        ("spam-0.9-cp311-abi3-win_amd64.whl", "spam-0.9-py3-none-any.whl"),
        ("spam-0.9-py3-none-any.whl",),
        ("spam-0.9-cp311-abi3-win_amd64.whl", "spam-0.9-cp311-cp311-macosx_11_0_arm64.whl"),
        (),
        None,
    ],
)
def test_a_pure_wheel_of_a_project_that_has_such_is_taken(
    tmp_path: Path, relatives: tuple[str, ...] | None
) -> None:
    certified = certify(make_wheel(tmp_path, tags=["py3-none-any"]), expect(relatives=relatives))
    assert said_by(certified) == ""


def test_a_project_with_compiled_wheels_may_have_another(tmp_path: Path) -> None:
    expected = expect(relatives=("spam-0.9-cp311-abi3-win_amd64.whl",))
    assert said_by(certify(make_wheel(tmp_path), expected)) == ""


def test_every_check_has_a_name_of_its_own(tmp_path: Path) -> None:
    checks = certify(make_wheel(tmp_path), expect()).certificate.checks
    assert len({check.name for check in checks}) == len(checks) == 22


def test_an_object_file_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, tags=["cp311-cp311-linux_armv7l"], files={"spam/a": elf_object()})
    certified = certify(path, expect("bookworm-cp311-armv7l"))
    assert "'spam/a' is an object file for another machine" in said_by(certified)


def test_every_target_of_the_pi_family_takes_its_own_wheels(tmp_path: Path) -> None:
    for name in ("trixie-cp313-armv7l", "bookworm-cp311-aarch64", "bullseye-cp39-armv7l"):
        target = make_target(name)
        tag = f"{target.interpreter}-{target.interpreter}-{target.native_platform}"
        assert said_by(certify(make_wheel(tmp_path, tags=[tag]), expect(name))) == ""


def test_manylinux_of_another_machine_is_refused(tmp_path: Path) -> None:
    tag = "cp311-cp311-manylinux_2_17_aarch64"
    expected = expect("bookworm-cp311-armv7l")
    certified = certify_object(tmp_path, elf_object(machine=ARM), expected=expected, tag=tag)
    assert "is not accepted by bookworm-cp311-armv7l" in said_by(certified)
