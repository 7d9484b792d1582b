import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from elves import ARM, elf_object
from wheels import make_target, make_wheel
from wheelyard.certify.checks.policies import best_platform
from wheelyard.certify.contents import Contents, read_contents
from wheelyard.certify.inspection import inspect_wheel
from wheelyard.certify.retag import retag_wheel
from wheelyard.errors import HostileContent, InvalidName
from wheelyard.model.build import Failure, Limits
from wheelyard.model.names import parse_project_name
from wheelyard.model.target import target_from_name
from wheelyard.model.wheel import WheelFile


def inspect(path: Path) -> WheelFile | Failure:
    return inspect_wheel(
        path,
        project=parse_project_name("spam"),
        version=Version("1.0"),
        target=make_target(),
        limits=Limits(),
    )


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_number_zero_changes_nothing(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    before = path.read_bytes()
    assert retag_wheel(path, number=0) == path
    assert path.read_bytes() == before


def test_the_number_is_in_the_name_and_the_result_is_sound(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    renamed = retag_wheel(path, number=3)
    assert renamed == tmp_path / "spam-1.0-3-cp311-cp311-linux_x86_64.whl"
    assert isinstance(inspect(renamed), WheelFile)
    assert list(tmp_path.iterdir()) == [renamed]


def test_only_wheel_and_record_change(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    before = contents(path)
    after = contents(retag_wheel(path, number=12))
    assert list(after) == list(before)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"spam-1.0.dist-info/WHEEL", "spam-1.0.dist-info/RECORD"}
    wheel = "spam-1.0.dist-info/WHEEL"
    assert after[wheel] == before[wheel] + b"Build: 12\n"


def test_the_same_wheel_and_number_give_the_same_bytes(tmp_path: Path) -> None:
    first = retag_wheel(make_wheel(tmp_path / "a"), number=2)
    second = retag_wheel(make_wheel(tmp_path / "b"), number=2)
    assert first.read_bytes() == second.read_bytes()


def test_a_build_tag_of_the_projects_own_is_replaced(tmp_path: Path) -> None:
    renamed = retag_wheel(make_wheel(tmp_path, build=7), number=2)
    assert renamed.name == "spam-1.0-2-cp311-cp311-linux_x86_64.whl"
    assert isinstance(inspect(renamed), WheelFile)


def test_the_same_number_again_keeps_the_wheel(tmp_path: Path) -> None:
    once = retag_wheel(make_wheel(tmp_path), number=2)
    before = once.read_bytes()
    assert retag_wheel(once, number=2).read_bytes() == before


def test_signatures_of_the_old_record_are_left_out(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={"spam-1.0.dist-info/RECORD.jws": b"{}"})
    assert "spam-1.0.dist-info/RECORD.jws" not in contents(retag_wheel(path, number=1))


def test_names_that_need_quotes_stay_listed(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={'spam/a, "b".txt': b"x"})
    assert isinstance(inspect(path), WheelFile)
    assert isinstance(inspect(retag_wheel(path, number=1)), WheelFile)


def test_a_negative_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidName, match="start at 0"):
        retag_wheel(make_wheel(tmp_path), number=-1)


def test_something_else_than_a_wheel_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "spam-1.0-py3-none-any.whl"
    path.write_bytes(b"spam")
    with pytest.raises(HostileContent):
        retag_wheel(path, number=1)
    assert list(tmp_path.iterdir()) == [path]


OLD = elf_object(versions={"libc.so.6": ["GLIBC_2.17"]})


def read(path: Path) -> Contents:
    found = read_contents(path, limits=Limits())
    assert isinstance(found, Contents)
    return found


@pytest.mark.parametrize(
    ("content", "target", "platform"),
    [
        (OLD, "bookworm-cp311-x86_64", "manylinux_2_17_x86_64"),
        (elf_object(), "bookworm-cp311-x86_64", "manylinux_2_5_x86_64"),
        (
            elf_object(versions={"libc.so.6": ["GLIBC_2.34"]}),
            "bookworm-cp311-x86_64",
            "manylinux_2_34_x86_64",
        ),
        (elf_object(versions={"libc.so.6": ["GLIBC_2.38"]}), "bookworm-cp311-x86_64", None),
        (elf_object(needed=["libxml2.so.2"]), "bookworm-cp311-x86_64", None),
        (
            elf_object(machine=ARM, versions={"libc.so.6": ["GLIBC_2.4"]}),
            "bookworm-cp311-armv7l",
            "manylinux_2_17_armv7l",
        ),
        (elf_object(machine=ARM), "bookworm-cp311-armv6l", None),
    ],
)
def test_the_widest_policy_that_holds_is_found(
    tmp_path: Path, content: bytes, target: str, platform: str | None
) -> None:
    native = target_from_name(target).native_platform
    path = make_wheel(tmp_path, tags=[f"cp311-cp311-{native}"], files={"spam/_core.so": content})
    assert best_platform(read(path), target_from_name(target)) == platform


def test_a_platform_is_added_and_the_result_is_proved(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={"spam/_core.so": OLD})
    renamed = retag_wheel(path, number=0, platform="manylinux_2_17_x86_64")
    assert renamed.name == "spam-1.0-cp311-cp311-manylinux_2_17_x86_64.linux_x86_64.whl"
    assert isinstance(inspect(renamed), WheelFile)
    assert contents(renamed)["spam-1.0.dist-info/WHEEL"].splitlines()[-2:] == [
        b"Tag: cp311-cp311-manylinux_2_17_x86_64",
        b"Tag: cp311-cp311-linux_x86_64",
    ]


def test_a_platform_that_the_objects_do_not_keep_is_refused_afterwards(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={"spam/_core.so": OLD})
    refused = inspect(retag_wheel(path, number=1, platform="manylinux_2_12_x86_64"))
    assert isinstance(refused, Failure)
    assert refused.subject == "tags-proved"


@pytest.mark.parametrize(
    ("tags", "platform"),
    [
        (["py3-none-any"], "manylinux_2_17_x86_64"),
        (["cp311-cp311-manylinux_2_5_x86_64"], "manylinux_2_17_x86_64"),
        (["cp311-cp311-linux_x86_64"], "manylinux_2_17_aarch64"),
    ],
)
def test_a_platform_is_added_to_a_plain_linux_wheel_of_its_machine_only(
    tmp_path: Path, tags: list[str], platform: str
) -> None:
    path = make_wheel(tmp_path, tags=tags)
    assert retag_wheel(path, number=0, platform=platform) == path


def test_a_name_that_would_get_too_long_keeps_its_one_tag(tmp_path: Path) -> None:
    name = "s" * 200
    path = make_wheel(tmp_path, name=name, files={f"{name}.py": b"", "core.so": OLD})
    assert retag_wheel(path, number=0, platform="manylinux_2_17_x86_64") == path
