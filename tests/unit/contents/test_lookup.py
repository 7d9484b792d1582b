import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debian_lists import ENVIRONMENT, index_of
from wheelyard.contents.lookup import Contents, open_contents
from wheelyard.errors import ContentsMissing, InvalidName
from wheelyard.model.names import parse_project_name
from wheelyard.model.wanted import Wanted, WantedKind

READER = parse_project_name("reader")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contents]:
    with index_of(tmp_path_factory.mktemp("contents")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [
        (WantedKind.HEADER, "libxml/xmlversion.h", "libxml2-dev"),
        (WantedKind.HEADER, "xmlversion.h", "libxml2-dev"),
        (WantedKind.HEADER, "gmp.h", "libgmp-dev"),
        (WantedKind.HEADER, "Python.h", "python3-dev"),
        (WantedKind.HEADER, "foo.h", "libfoo-dev"),
        (WantedKind.HEADER, "ffi.h", "libffi-dev"),
        (WantedKind.TOP_HEADER, "gmp.h", "libgmp-dev"),
        (WantedKind.HEADER, "soft.h", "libmgba-dev"),
        (WantedKind.HEADER, "curl/curl.h", "libcurl4-openssl-dev"),
        (WantedKind.LIBRARY, "hdf5", "libhdf5-dev"),
        (WantedKind.LIBRARY, "one", "libone-dev"),
        (WantedKind.PKG_CONFIG, "two", "libtwo-dev"),
        (WantedKind.CMAKE_PACKAGE, "Widgets", "libwidgets-dev"),
        (WantedKind.CMAKE_PACKAGE, "Two", "libtwo-dev"),
        (WantedKind.PROGRAM, "/usr/bin/pg_config", "libpq-dev"),
        (WantedKind.PROGRAM, "swig", "swig"),
        (WantedKind.AUTOCONF_MACRO, "AX_CXX_CHECK", "autoconf-archive"),
        (WantedKind.FILE, "serial/libhdf5.so", "libhdf5-dev"),
    ],
)
def test_what_a_build_wants_is_found(
    contents: Contents, kind: WantedKind, name: str, package: str
) -> None:
    assert contents.packages([Wanted(kind, name)]) == (package,)


@pytest.mark.parametrize("name", ["cuda.h", "config.h", "ml/xmlversion.h", "strange.h", "none.h"])
def test_no_package_is_named_where_none_helps(contents: Contents, name: str) -> None:
    assert contents.packages([Wanted(WantedKind.HEADER, name)]) == ()


@pytest.mark.parametrize(
    ("kind", "name"), [(WantedKind.TOP_HEADER, "soft.h"), (WantedKind.LIBRARY, "lua")]
)
def test_what_is_found_in_a_folder_of_its_own_only_was_not_meant(
    contents: Contents, kind: WantedKind, name: str
) -> None:
    assert contents.packages([Wanted(kind, name)]) == ()


def test_the_package_that_also_holds_the_other_names_is_preferred(contents: Contents) -> None:
    both = Wanted(WantedKind.HEADER, "both.h")
    assert contents.packages([both]) == ("libone-dev",)
    assert contents.packages([both, Wanted(WantedKind.PKG_CONFIG, "two")]) == ("libtwo-dev",)


def test_what_debian_builds_a_project_with_is_preferred(contents: Contents) -> None:
    both = Wanted(WantedKind.HEADER, "both.h")
    assert contents.packages([both], project=READER) == ("libtwo-dev",)


def test_debians_build_dependencies_are_hints_without_tools_that_are_always_there(
    contents: Contents,
) -> None:
    assert contents.hints(READER) == ("libtwo-dev", "cargo", "libxml2-dev")
    assert contents.hints(parse_project_name("nobody-knows")) == ()


@pytest.mark.parametrize("name", ["%", "_", "*", "gmp.%", "gmp.?", "' OR 1=1 --", "$(reboot)", "/"])
@pytest.mark.parametrize("kind", WantedKind)
def test_wildcards_and_shell_characters_mean_themselves(
    contents: Contents, kind: WantedKind, name: str
) -> None:
    assert contents.packages([Wanted(kind, name)]) == ()


@given(kind=st.sampled_from(WantedKind), name=st.text())
def test_any_text_may_be_wanted(contents: Contents, kind: WantedKind, name: str) -> None:
    for package in contents.packages([Wanted(kind, name)], project=READER):
        assert "/" not in package


def test_a_missing_index_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ContentsMissing, match="wheelyard environment index bookworm-amd64"):
        open_contents(tmp_path, ENVIRONMENT)


def test_a_file_that_is_no_index_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / f"{ENVIRONMENT}.sqlite").write_text("no database" * 100)
    with pytest.raises(ContentsMissing):
        open_contents(tmp_path, ENVIRONMENT)


def test_an_index_of_another_form_is_as_good_as_none(tmp_path: Path) -> None:
    index_of(tmp_path).close()
    changing = sqlite3.connect(tmp_path / f"{ENVIRONMENT}.sqlite")
    changing.execute("UPDATE about SET value = '0' WHERE key = 'format'")
    changing.commit()
    changing.close()
    with pytest.raises(ContentsMissing):
        open_contents(tmp_path, ENVIRONMENT)


def test_the_name_of_an_environment_leads_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(InvalidName):
        open_contents(tmp_path, "../bookworm-amd64")
