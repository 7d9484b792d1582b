from pathlib import Path

import pytest

from builder_server import BUILD_ID, make_lease
from elves import elf_object
from roots import fill_root
from wheels import make_wheel, make_zip
from wheelyard.builder.environments.choice import Surroundings
from wheelyard.builder.inspecting import Finished, finish_wheel, python_exports
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.certificate import CheckResult
from wheelyard.model.target import target_from_name

XML = elf_object(needed=["libc.so.6", "libxml2.so.2"])


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """An environment that has libxml2, and an interpreter that defines two functions."""
    root = fill_root(tmp_path / "root")
    information = root / "var/lib/dpkg/info"
    (information / "libxml2:amd64.list").write_text("/usr/lib/x86_64-linux-gnu/libxml2.so.2\n")
    (information / "libxml2:amd64.shlibs").write_text("libxml2 2 libxml2 (>= 2.9.0)\n")
    return Surroundings(name="bookworm-amd64", root=root)


def finish(
    path: Path, around: Surroundings, *, number: int = 0, private: tuple[str, ...] = ()
) -> Finished | Failure:
    return finish_wheel(path, make_lease(number=number), around=around, private=private)


def with_core(folder: Path, content: bytes, **files: bytes) -> Path:
    return make_wheel(folder, files={"spam/__init__.py": b"", "spam/_core.so": content, **files})


def test_a_wheel_gets_its_number_and_its_manylinux_tag(
    tmp_path: Path, around: Surroundings
) -> None:
    found = finish(with_core(tmp_path, elf_object()), around, number=2)
    assert isinstance(found, Finished)
    assert found.path.name == "spam-1.0-2-cp311-cp311-manylinux_2_5_x86_64.linux_x86_64.whl"
    assert found.wheel.filename == found.path.name
    assert found.dependencies == ()
    assert {check.name for check in found.checks} == {"libraries", "build-host", "python-symbols"}


def test_libraries_become_the_packages_that_users_need(
    tmp_path: Path, around: Surroundings
) -> None:
    found = finish(with_core(tmp_path, XML), around)
    assert isinstance(found, Finished)
    assert found.path.name == "spam-1.0-cp311-cp311-linux_x86_64.whl"
    assert found.dependencies == ("libxml2 (>= 2.9.0)",)
    assert found.packages == ("libxml2",)
    (check,) = [check for check in found.checks if check.name == "libraries"]
    assert check.evidence == ("libxml2.so.2: libxml2 (>= 2.9.0)",)


def test_a_library_that_the_environment_lacks_is_a_failure(
    tmp_path: Path, around: Surroundings
) -> None:
    found = finish(with_core(tmp_path, elf_object(needed=["libghost.so.1"])), around)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.OUTPUT_INVALID
    assert found.subject == "libraries"


@pytest.mark.parametrize("word", ["/srv/builder/work", f"build-{BUILD_ID}"])
def test_a_text_with_the_builders_folders_is_a_failure(
    tmp_path: Path, around: Surroundings, word: str
) -> None:
    path = make_wheel(tmp_path, files={"spam/__init__.py": f"HERE = '{word}'".encode()})
    found = finish(path, around, private=("/srv/builder/work",))
    assert isinstance(found, Failure)
    assert found.subject == "build-host"


def test_something_that_is_no_wheel_is_a_failure(tmp_path: Path, around: Surroundings) -> None:
    broken = tmp_path / "spam-1.0-py3-none-any.whl"
    broken.write_bytes(b"spam")
    found = finish(broken, around)
    assert isinstance(found, Failure)
    assert "not a zip archive" in found.message
    named = finish(make_zip(tmp_path / "spam.whl", {}), around)
    assert isinstance(named, Failure)
    assert "filename is not that of a wheel" in named.message


def test_functions_of_python_are_read_from_the_environments_own_interpreter(
    tmp_path: Path, around: Surroundings
) -> None:
    target = target_from_name("bookworm-cp311-x86_64")
    assert python_exports(around.root, target) == frozenset()
    (around.root / "usr/bin/python3.11").write_bytes(b"#!/bin/sh\n")
    assert python_exports(around.root, target) == frozenset()
    (around.root / "usr/bin/python3.11").unlink()
    (around.root / "usr/bin/python3.11").symlink_to(tmp_path / "elsewhere")
    assert python_exports(around.root, target) == frozenset()


def test_functions_that_a_real_interpreter_lacks_are_found(tmp_path: Path) -> None:
    around = Surroundings(name="host")
    content = elf_object(imports=["PyLong_AsLong", "PyLong_AsMoon"])
    if not python_exports(around.root, target_from_name("bookworm-cp311-x86_64")):
        # This machine has no such interpreter where Debian puts it: nothing can be said.
        found = finish(with_core(tmp_path, content), around)
        assert isinstance(found, Finished)
        assert CheckResult.NOT_APPLICABLE in {check.result for check in found.checks}
        return
    found = finish(with_core(tmp_path, content), around)
    assert isinstance(found, Failure)
    assert found.evidence == ("'spam/_core.so' uses PyLong_AsMoon",)
