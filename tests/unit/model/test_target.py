import pytest

from wheelyard.errors import InvalidName, InvalidSetting
from wheelyard.model.names import parse_wheel_name
from wheelyard.model.target import (
    Target,
    add_release,
    portable_from,
    target_from_name,
    targets_named,
)

WHEELS = {
    "foo-1-py3-none-any.whl": {"armv6l", "armv7l", "aarch64", "x86_64"},
    "foo-1-cp311-cp311-linux_armv7l.whl": {"armv7l"},
    "foo-1-cp311-cp311-linux_armv6l.whl": {"armv6l"},
    "foo-1-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl": {"aarch64"},
    "foo-1-cp39-abi3-manylinux_2_31_armv7l.whl": {"armv7l"},
    "foo-1-cp311-cp311-manylinux_2_36_x86_64.whl": {"x86_64"},
    "foo-1-cp311-cp311-manylinux_2_39_x86_64.whl": set(),
    "foo-1-cp312-abi3-manylinux_2_17_x86_64.whl": set(),
    "foo-1-cp311-cp311-musllinux_1_2_x86_64.whl": set(),
    "foo-1-cp313-cp313t-manylinux_2_17_x86_64.whl": set(),
    "foo-1-cp310-cp310-linux_x86_64.whl": set(),
    "foo-1-cp311-none-win_amd64.whl": set(),
    "foo-1-cp35-abi3-manylinux1_x86_64.whl": {"x86_64"},
}


@pytest.mark.parametrize("filename", WHEELS)
@pytest.mark.parametrize("architecture", ["armv6l", "armv7l", "aarch64", "x86_64"])
def test_a_target_accepts_what_its_own_installer_would(filename: str, architecture: str) -> None:
    target = target_from_name(f"bookworm-cp311-{architecture}")
    expected = architecture in WHEELS[filename]
    assert target.accepts(parse_wheel_name(filename).tags) is expected


@pytest.mark.parametrize(
    ("requires_python", "admitted"),
    [
        (None, True),
        ("", True),
        (">=3.11", True),
        (">=3.11.5", True),
        (">=3.12", False),
        ("<3.11", False),
        ("!=3.11.*", False),
        ("nonsense", True),
        (">=3.8,<4", True),
    ],
)
def test_requires_python_is_held_against_the_targets_python(
    requires_python: str | None,
    admitted: bool,  # noqa: FBT001 - an expected value
) -> None:
    assert target_from_name("bookworm-cp311-armv7l").admits(requires_python) is admitted


def test_a_known_patch_level_counts() -> None:
    target = target_from_name("bookworm-cp311-armv7l", python_full="3.11.2")
    assert not target.admits(">=3.11.5")


def test_a_target_is_named_after_its_parts() -> None:
    target = target_from_name("trixie-cp313-aarch64")
    assert target == Target(channel="trixie", python=(3, 13), architecture="aarch64", glibc=(2, 41))
    assert target.name == "trixie-cp313-aarch64"


@pytest.mark.parametrize("name", ["sarge-cp311-armv7l", "bookworm-pp310-armv7l"])
def test_an_unknown_distribution_release_or_python_is_refused(name: str) -> None:
    with pytest.raises(InvalidSetting):
        target_from_name(name)


def test_what_does_not_read_like_a_target_is_refused() -> None:
    with pytest.raises(InvalidName):
        target_from_name("bookworm")


@pytest.mark.parametrize(
    ("platforms", "minor"),
    [
        (["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"], 17),
        (["manylinux_2_35_x86_64", "manylinux_2_31_x86_64"], 31),
        (["linux_aarch64"], None),
        (["any"], None),
        (["manylinux_2_31_armv7l", "linux_armv7l"], None),
        (["manylinux_3_0_aarch64"], None),
        (["musllinux_1_2_aarch64"], None),
    ],
)
def test_manylinux_tags_of_64_bit_machines_make_wheels_portable(
    platforms: list[str], minor: int | None
) -> None:
    assert portable_from(platforms) == minor


def test_the_pi_family_is_named_by_one_word() -> None:
    names = [target.name for target in targets_named(["raspberry-pi"])]

    assert len(names) == 9
    assert names[:3] == [
        "trixie-cp313-armv6l",
        "trixie-cp313-armv7l",
        "trixie-cp313-aarch64",
    ]
    assert "bullseye-cp39-armv6l" in names


def test_targets_are_taken_once() -> None:
    names = [target.name for target in targets_named(["bookworm-cp311-armv7l", "raspberry-pi"])]

    assert names[0] == "bookworm-cp311-armv7l"
    assert len(names) == 9


def test_a_release_that_is_newer_than_this_code_is_made_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wheelyard.model.target.GLIBC_OF_CHANNEL", {"trixie": (2, 41)})

    add_release("duke", (2, 44))
    add_release("duke", (2, 44))

    assert target_from_name("duke-cp315-armv7l").glibc == (2, 44)
    with pytest.raises(InvalidSetting, match="glibc 2\\.41"):
        add_release("trixie", (2, 42))
