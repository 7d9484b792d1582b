import pytest

from wheelyard.contents.debian_names import is_eligible, is_front, is_hint
from wheelyard.contents.ranking import Candidate, choose


def candidate(
    package: str, *, popularity: int = 0, depth: int = 0, exact: bool = True, likely: bool = True
) -> Candidate:
    return Candidate(
        package=package,
        alternative=0,
        popularity=popularity,
        depth=depth,
        exact=exact,
        likely=likely,
    )


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (candidate("a-dev"), candidate("a")),
        (candidate("a-dev", popularity=90), candidate("b-dev", popularity=9)),
        (candidate("a-dev"), candidate("b-dev", popularity=9, exact=False, depth=1)),
        (candidate("a-dev"), candidate("b-dev", popularity=9, likely=False)),
        (candidate("a-dev", depth=1, exact=False), candidate("b-dev", depth=2, exact=False)),
        (candidate("long-name-dev"), candidate("libcurl4-gnutls-dev", popularity=99)),
        (candidate("b-dev"), candidate("a-long-name-dev")),
    ],
)
def test_the_better_package_is_chosen(better: Candidate, worse: Candidate) -> None:
    assert choose([better, worse]) == choose([worse, better]) == better.package


def test_what_debian_itself_builds_with_wins() -> None:
    found = [candidate("a-dev", popularity=99), candidate("b-dev", depth=3, exact=False)]
    assert choose(found, hints=["b-dev"]) == "b-dev"


def test_a_file_deep_within_many_packages_tells_nothing() -> None:
    many = [candidate(f"lib{name}-dev", depth=2, exact=False) for name in "abcdefgh"]
    assert choose(many) is None
    assert choose(many[:2]) == "liba-dev"
    assert choose([]) is None


@pytest.mark.parametrize(
    "package",
    [
        *("libc6-dev-arm64-cross", "gcc-aarch64-linux-gnu", "pypy3-dev", "mingw-w64-x86-64-dev"),
        *("linux-headers-amd64", "musl-dev", "libfoo-doc", "libfoo-examples", "libfoo-dbg"),
        *("g++-12-arm-linux-gnueabihf", "libx32stdc++-12-dev", "librust-cc-dev"),
    ],
)
def test_some_packages_never_help(package: str) -> None:
    assert not is_eligible(package)
    assert choose([candidate(package, popularity=99)]) is None


@pytest.mark.parametrize("package", ["libpq-dev", "gcc", "python3-dev", "cargo", "linux-libc-dev"])
def test_ordinary_packages_may_help(package: str) -> None:
    assert is_eligible(package)


@pytest.mark.parametrize(
    ("front", "package"),
    [
        ("libboost-dev", "libboost1.74-dev"),
        ("libpython3-dev", "libpython3.11-dev"),
        ("python3-dev", "libpython3-dev"),
        ("libopenblas-dev", "libopenblas-pthread-dev"),
        ("default-libmysqlclient-dev", "libmariadb-dev"),
    ],
)
def test_a_package_without_a_version_stands_in_front(front: str, package: str) -> None:
    assert is_front(front, package)
    assert not is_front("unrelated-dev", package)


def test_hints_are_libraries_and_build_programs() -> None:
    assert is_hint("libxml2-dev")
    assert is_hint("cargo")
    assert not any(map(is_hint, ("python3-all-dev", "debhelper", "dh-python", "doxygen", "xvfb")))
