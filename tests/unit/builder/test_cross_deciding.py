"""Which projects are cross-compiled, and what is done when that fails."""

import pytest

from wheelyard.builder.cross.falling_back import is_to_be_remembered, is_worth_another_lane
from wheelyard.builder.cross.obstacle import obstacle
from wheelyard.builder.cross.toolchain import Toolchain
from wheelyard.model.build import FailureKind

ARMHF = Toolchain(architecture="armhf", native="amd64")
ARM64 = Toolchain(architecture="arm64", native="amd64")


@pytest.mark.parametrize("toolchain", [ARMHF, ARM64])
def test_a_common_project_has_no_obstacle(toolchain: Toolchain) -> None:
    assert obstacle(["setuptools>=40", "Cython"], ["import sys\n"], toolchain) is None


@pytest.mark.parametrize("name", ["maturin>=1", "setuptools_rust", "Setuptools-Rust[x]>1"])
def test_rust_is_not_tried(name: str) -> None:
    assert obstacle([name], [], ARM64) is not None


@pytest.mark.parametrize(
    ("requires", "source"),
    [
        (["mypy[mypyc]"], ""),
        ([], "if sys.maxsize > 2**32:"),
        ([], "bits = struct.calcsize('P') * 8"),
        ([], "from struct import calcsize\ncalcsize ( 'P' )"),
        ([], "platform.architecture()[0]"),
        ([], "ctypes.sizeof(ctypes.c_void_p)"),
        ([], "sizeof(c_long)"),
    ],
)
def test_who_goes_by_the_width_of_pointers_must_run_where_that_is_the_same(
    requires: list[str], source: str
) -> None:
    assert obstacle(requires, ["", source], ARMHF) is not None
    assert obstacle(requires, ["", source], ARM64) is None


@pytest.mark.parametrize(
    "failure",
    [
        FailureKind.COMPILE_ERROR,
        FailureKind.MISSING_SYSTEM_PACKAGE,
        FailureKind.NO_DEPENDENCY_WHEEL,
        FailureKind.OUTPUT_INVALID,
        FailureKind.UNKNOWN,
    ],
)
def test_what_cross_compilers_may_be_to_blame_for_is_tried_in_another_lane(
    failure: FailureKind,
) -> None:
    assert is_worth_another_lane(failure)
    assert is_to_be_remembered(failure)


@pytest.mark.parametrize(
    "failure", [FailureKind.OPTED_OUT, FailureKind.TIMEOUT, FailureKind.OUT_OF_MEMORY]
)
def test_what_no_lane_changes_ends_the_build(failure: FailureKind) -> None:
    assert not is_worth_another_lane(failure)


def test_a_fault_of_ours_is_got_round_and_not_held_against_the_project() -> None:
    assert is_worth_another_lane(FailureKind.INFRASTRUCTURE)
    assert not is_to_be_remembered(FailureKind.INFRASTRUCTURE)
