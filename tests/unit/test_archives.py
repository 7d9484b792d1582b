from pathlib import Path

import pytest

from wheelyard.archives import (
    Source,
    network_options_among,
    sources_among,
    sources_list,
    without_suites,
)
from wheelyard.errors import EnvironmentUnusable
from wheelyard.model.environment import parse_environment_name

DEBIAN = "http://debian.example.org/debian/"
SECURITY = "http://debian.example.org/debian-security/"
RASPBIAN = "http://raspbian.example.org/raspbian/"
TOLD = [
    f"deb|{DEBIAN}|bookworm|main",
    f"deb|{DEBIAN}|bookworm|contrib",
    f"deb|{DEBIAN}|bookworm-updates|main",
    f"deb|{SECURITY}|bookworm-security|main",
    f"deb|{DEBIAN}|bookworm-backports|main",
    f"deb-src|{DEBIAN}|bookworm|main",
    "deb|http://packages.example.org/|nodistro|main",
    f"deb|{RASPBIAN}|bookworm|main",
]


def found(name: str) -> tuple[Source, ...]:
    return sources_among(TOLD, parse_environment_name(name))


def test_the_machines_own_archives_are_used_for_another_release() -> None:
    assert found("trixie-arm64") == (
        Source(DEBIAN, "trixie", ("main", "contrib")),
        Source(DEBIAN, "trixie-updates", ("main",)),
        Source(SECURITY, "trixie-security", ("main",)),
    )


def test_the_archives_of_raspberry_pi_os_serve_its_own_roots_only() -> None:
    assert found("bookworm-armhf-raspios") == (Source(RASPBIAN, "bookworm", ("main",)),)


def test_raspberry_pi_os_adds_to_debians_own_arm64() -> None:
    uris = {source.uri for source in found("bookworm-arm64-raspios")}

    assert uris == {DEBIAN, SECURITY, RASPBIAN}


def test_a_suite_that_does_not_verify_can_be_left_out() -> None:
    assert without_suites(found("trixie-arm64"), ()) == found("trixie-arm64")
    assert [one.suite for one in without_suites(found("trixie-arm64"), ["trixie-security"])] == [
        "trixie",
        "trixie-updates",
    ]


@pytest.mark.parametrize("names", [["bookworm"], ["trixie", "trixie-updates", "trixie-security"]])
def test_what_is_not_there_or_everything_cannot_be_left_out(names: list[str]) -> None:
    with pytest.raises(EnvironmentUnusable, match="one must be left"):
        without_suites(found("trixie-arm64"), names)


def test_the_archives_of_debian_have_the_cross_compilers() -> None:
    assert found("trixie-amd64-cross") == found("trixie-amd64")


def test_lines_that_make_no_sense_are_passed_over() -> None:
    assert sources_among(["", "deb", "|||", "deb|x"], parse_environment_name("trixie-amd64")) == ()


def test_only_the_distributions_own_keys_are_trusted(tmp_path: Path) -> None:
    for name in ("debian-archive-keyring.gpg", "nodesource.gpg", "debian-archive-removed-keys.gpg"):
        (tmp_path / name).touch()

    text = sources_list([Source(DEBIAN, "trixie", ("main",))], "arm64", keyrings=tmp_path)

    keyring = tmp_path / "debian-archive-keyring.gpg"
    assert text == f"deb [arch=arm64 signed-by={keyring}] {DEBIAN} trixie main\n"


def test_without_the_distributions_keys_nothing_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnusable, match="apt-get install debian-archive-keyring"):
        sources_list([Source(DEBIAN, "trixie", ("main",))], "arm64", keyrings=tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        'Acquire::http::Proxy "http://proxy.example.org:3128";',
        'Acquire::http::Proxy::debian.example.org "DIRECT";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "3";',
    ],
)
def test_what_the_network_needs_is_passed_on(line: str) -> None:
    assert network_options_among(line) == f"{line}\n"


@pytest.mark.parametrize(
    "line",
    [
        'Acquire::AllowInsecureRepositories "true";',
        'APT::Get::AllowUnauthenticated "true";',
        'DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";',
        'APT::Update::Post-Invoke:: "touch /tmp/hook";',
        'Dir::Bin::dpkg "/tmp/dpkg";',
        'Acquire::http::Proxy "x"; Dir::Bin::dpkg "/tmp/dpkg";',
        'Acquire::http::Proxy "x\\"; DPkg::Options \\"";',
    ],
)
def test_hooks_and_unsigned_archives_are_not(line: str) -> None:
    assert network_options_among(line) == ""
