import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.errors import InvalidName
from wheelyard.model.environment import (
    EnvironmentName,
    environment_of,
    parse_debian_package,
    parse_environment_name,
)
from wheelyard.model.target import target_from_name


@pytest.mark.parametrize("text", ["bookworm-amd64", "trixie-arm64", "bookworm-armhf-raspios"])
def test_a_name_is_taken_apart_and_put_together_again(text: str) -> None:
    assert str(parse_environment_name(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "bookworm", "bookworm-", "-amd64", "bookworm-amd64-", "bookworm_amd64"),
        *("../bookworm-amd64", "bookworm-amd64/..", "Bookworm-amd64", "bookworm-amd64\n"),
        *("bookworm-amd64-raspios-x", "bookworm-amd64,x"),
    ],
)
def test_what_does_not_read_like_an_environment_is_refused(text: str) -> None:
    with pytest.raises(InvalidName, match="reads like bookworm-armhf"):
        parse_environment_name(text)


def test_an_unknown_release_or_architecture_is_told_with_those_that_are_known() -> None:
    with pytest.raises(InvalidName, match="Known distribution releases: bullseye, bookworm"):
        parse_environment_name("wheezy-amd64")
    with pytest.raises(InvalidName, match="Known architectures: amd64, arm64, armhf"):
        parse_environment_name("bookworm-sparc")


@pytest.mark.parametrize(
    ("target", "environment"),
    [
        ("bookworm-cp311-x86_64", "bookworm-amd64"),
        ("trixie-cp313-aarch64", "trixie-arm64"),
        ("bookworm-cp311-armv7l", "bookworm-armhf"),
        ("bookworm-cp311-armv6l", "bookworm-armhf-raspios"),
    ],
)
def test_a_target_is_built_in_the_environment_of_its_release_and_machine(
    target: str, environment: str
) -> None:
    found = environment_of(target_from_name(target))

    assert str(found) == environment
    assert found is not None
    assert found.machine == target.rpartition("-")[2]


def test_a_machine_that_no_environment_is_for_has_none() -> None:
    assert environment_of(target_from_name("bookworm-cp311-riscv64")) is None


def test_only_raspberry_pi_os_means_version_6_by_armhf() -> None:
    assert EnvironmentName("bookworm", "armhf").machine == "armv7l"
    assert EnvironmentName("bookworm", "armhf", "raspios").machine == "armv6l"


@pytest.mark.parametrize(
    "name", ["g++", "libxml2-dev", "libstdc++-12-dev", "python3.11-dev", "7zip", "default-jdk"]
)
def test_names_of_debian_packages_are_taken(name: str) -> None:
    assert parse_debian_package(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "-y", "--option", "libxml2-dev-", "libxml2-dev=1", "libxml2-dev:armhf"),
        *("libxml2-dev/sid", "./evil.deb", "evil*", "evil;rm", "~nevil", "?all", "task^", "A"),
        *("libxml2 dev", "libxml2-dev\n", "libé-dev", "a" * 101),
    ],
)
def test_what_could_mean_something_else_to_apt_is_no_package(name: str) -> None:
    with pytest.raises(InvalidName):
        parse_debian_package(name)


@given(st.text(max_size=30))
def test_a_name_that_is_taken_holds_nothing_but_letters_digits_and_three_signs(text: str) -> None:
    try:
        name = parse_debian_package(text)
    except InvalidName:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789+-.")
    assert name[0].isalnum()
    assert name[-1] != "-"
