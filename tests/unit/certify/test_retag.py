import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from wheels import make_target, make_wheel
from wheelyard.certify.inspection import inspect_wheel
from wheelyard.certify.retag import apply_build_number
from wheelyard.errors import HostileContent, InvalidName
from wheelyard.model.build import Failure, Limits
from wheelyard.model.names import parse_project_name
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
    assert apply_build_number(path, 0) == path
    assert path.read_bytes() == before


def test_the_number_is_in_the_name_and_the_result_is_sound(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    renamed = apply_build_number(path, 3)
    assert renamed == tmp_path / "spam-1.0-3-cp311-cp311-linux_x86_64.whl"
    assert isinstance(inspect(renamed), WheelFile)
    assert list(tmp_path.iterdir()) == [renamed]


def test_only_wheel_and_record_change(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    before = contents(path)
    after = contents(apply_build_number(path, 12))
    assert list(after) == list(before)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"spam-1.0.dist-info/WHEEL", "spam-1.0.dist-info/RECORD"}
    wheel = "spam-1.0.dist-info/WHEEL"
    assert after[wheel] == before[wheel] + b"Build: 12\n"


def test_the_same_wheel_and_number_give_the_same_bytes(tmp_path: Path) -> None:
    first = apply_build_number(make_wheel(tmp_path / "a"), 2)
    second = apply_build_number(make_wheel(tmp_path / "b"), 2)
    assert first.read_bytes() == second.read_bytes()


def test_a_build_tag_of_the_projects_own_is_replaced(tmp_path: Path) -> None:
    renamed = apply_build_number(make_wheel(tmp_path, build=7), 2)
    assert renamed.name == "spam-1.0-2-cp311-cp311-linux_x86_64.whl"
    assert isinstance(inspect(renamed), WheelFile)


def test_the_same_number_again_keeps_the_wheel(tmp_path: Path) -> None:
    once = apply_build_number(make_wheel(tmp_path), 2)
    before = once.read_bytes()
    assert apply_build_number(once, 2).read_bytes() == before


def test_signatures_of_the_old_record_are_left_out(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={"spam-1.0.dist-info/RECORD.jws": b"{}"})
    assert "spam-1.0.dist-info/RECORD.jws" not in contents(apply_build_number(path, 1))


def test_names_that_need_quotes_stay_listed(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={'spam/a, "b".txt': b"x"})
    assert isinstance(inspect(path), WheelFile)
    assert isinstance(inspect(apply_build_number(path, 1)), WheelFile)


def test_a_negative_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidName, match="start at 0"):
        apply_build_number(make_wheel(tmp_path), -1)


def test_something_else_than_a_wheel_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "spam-1.0-py3-none-any.whl"
    path.write_bytes(b"spam")
    with pytest.raises(HostileContent):
        apply_build_number(path, 1)
    assert list(tmp_path.iterdir()) == [path]
