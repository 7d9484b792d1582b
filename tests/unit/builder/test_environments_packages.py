from pathlib import Path

import pytest

from wheelyard.builder.environments.packages import (
    Kitchen,
    apt_configuration,
    apt_error,
    dpkg_words,
)
from wheelyard.errors import EnvironmentUnusable, PackagesMissing

KITCHEN = Kitchen(
    cache=Path("/cache"),
    base=Path("/base"),
    sources=Path("/base/sources.list"),
    architecture="armhf",
)


def configuration() -> list[str]:
    return apt_configuration(Path("/layer"), KITCHEN, scratch=Path("/scratch")).splitlines()


def test_apt_is_told_of_the_environments_archives_and_of_no_others() -> None:
    lines = configuration()

    assert 'Dir::Etc::SourceList "/base/sources.list";' in lines
    assert 'Dir::Etc::SourceParts "/dev/null";' in lines
    assert 'Dir::Etc::TrustedParts "/dev/null";' in lines
    assert 'APT::Architecture "armhf";' in lines


def test_nothing_of_the_machines_own_configuration_is_read() -> None:
    assert {'Dir::Etc::main "/dev/null";', 'Dir::Etc::parts "/dev/null";'} <= set(configuration())


def test_a_name_is_never_taken_for_a_pattern_and_nothing_is_removed() -> None:
    lines = configuration()

    assert 'APT::Cmd::Pattern-Only "true";' in lines
    assert 'APT::Get::Remove "false";' in lines


def test_dpkg_sees_the_root_without_network_and_with_few_rights() -> None:
    words = " ".join(dpkg_words(Path("/layer"), shown=[Path("/cache/archives")]))

    assert words.startswith("--bind /layer / ")
    assert "--ro-bind /cache/archives /cache/archives" in words
    assert "--unshare-net --unshare-pid" in words
    assert words.index("--cap-drop ALL") < words.index("--cap-add CAP_CHOWN")
    assert "CAP_SYS_ADMIN" not in words
    assert "CAP_MKNOD" not in words


@pytest.mark.parametrize(
    "said",
    [
        "E: Unable to locate package libfoo-dev",
        "E: Package 'libfoo-dev' has no installation candidate",
        " libfoo-dev : Conflicts: libbar-dev\nE: Unable to correct problems, you have held …",
        "E: Packages need to be removed but remove is disabled.",
        "update-alternatives: error: x\ndpkg: error processing package libfoo-dev (--configure):",
    ],
)
def test_packages_that_are_not_there_or_conflict_are_the_recipes_fault(said: str) -> None:
    error = apt_error(said, ["libfoo-dev"])

    assert isinstance(error, PackagesMissing)
    assert error.subject == "libfoo-dev"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("W: GPG error: x InRelease: NO_PUBKEY 0E98404D386FA1D9", "no valid signature"),
        ("E: The repository 'x bookworm Release' is not signed.", "no valid signature"),
        ("E: Failed to fetch x  Hash Sum mismatch", "other bytes than signed"),
        ("E: Failed to fetch x  File has unexpected size (1 != 2).", "other bytes than signed"),
        ("dpkg: error: failed to write: No space left on device", "no room left"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "no room left"),
        ("E: Failed to fetch x  Could not connect to debian.example.org:80", "Could not connect"),
    ],
)
def test_what_the_archive_or_the_machine_does_wrong_is_not(said: str, words: str) -> None:
    error = apt_error(said, ["libfoo-dev"])

    assert isinstance(error, EnvironmentUnusable)
    assert words in str(error)
