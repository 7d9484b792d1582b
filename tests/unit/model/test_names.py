import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from wheelyard.errors import InvalidName
from wheelyard.model.names import (
    FileKind,
    Filename,
    parse_filename,
    parse_project_name,
    parse_sha256,
    parse_target_name,
    parse_wheel_name,
    read_filename,
    untagged,
)


@pytest.mark.parametrize(
    ("written", "normalised"),
    [("RPi.GPIO", "rpi-gpio"), ("Foo__Bar", "foo-bar"), ("a", "a"), ("x-._y", "x-y")],
)
def test_a_project_name_is_normalised(written: str, normalised: str) -> None:
    assert parse_project_name(written) == normalised


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "a b", "a/b", "../etc", "a\n", "é", "a" * 300, "<script>"]
)
def test_what_is_no_project_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_project_name(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a\x00b", "a" * 300, "a\n", "-rf"]
)
def test_what_is_unsafe_as_a_filename_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_filename(text)


@given(st.text())
def test_an_accepted_filename_is_one_path_component(text: str) -> None:
    try:
        filename = parse_filename(text)
    except InvalidName:
        return
    assert "/" not in filename
    assert filename not in {"", ".", ".."}


@pytest.mark.parametrize("text", ["bookworm-cp311-armv7l", "trixie-cp313-x86_64"])
def test_a_target_name_is_accepted(text: str) -> None:
    assert parse_target_name(text) == text


@pytest.mark.parametrize("text", ["bookworm", "bookworm-311-armv7l", "a-cp311-b-c", "B-cp311-x"])
def test_what_is_no_target_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_target_name(text)


def test_a_digest_is_put_in_lower_case() -> None:
    assert parse_sha256("AB" * 32) == "ab" * 32


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "a" * 65])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_sha256(text)


@pytest.mark.parametrize(
    ("filename", "project", "kind", "version"),
    [
        ("RPi.GPIO-0.7.1.tar.gz", "rpi-gpio", FileKind.SDIST, "0.7.1"),
        ("my-project-1.0.zip", "my-project", FileKind.SDIST, "1.0"),
        ("my-project-2-1.0.tar.gz", "my-project", FileKind.OTHER, None),
        ("my_project-1.0.tar.gz", "my-project", FileKind.SDIST, "1.0"),
        ("other-1.0.tar.gz", "my-project", FileKind.OTHER, None),
        ("my_project-1.0-py3-none-any.whl", "my-project", FileKind.WHEEL, "1.0"),
        ("other-1.0-py3-none-any.whl", "my-project", FileKind.OTHER, None),
        ("my_project-1.0.tar.bz2", "my-project", FileKind.OTHER, None),
        ("my_project-1.0-py3.11.egg", "my-project", FileKind.OTHER, None),
        ("my_project-not.a.version.tar.gz", "my-project", FileKind.OTHER, None),
        ("my_project-1.0-broken.whl", "my-project", FileKind.OTHER, None),
    ],
)
def test_a_file_on_a_page_is_read_by_its_name(
    filename: str, project: str, kind: FileKind, version: str | None
) -> None:
    parsed = read_filename(filename, parse_project_name(project))
    assert (parsed.kind, parsed.version) == (kind, Version(version) if version else None)


@given(st.text(max_size=60))
def test_reading_a_filename_never_raises(text: str) -> None:
    for suffix in ("", ".whl", ".tar.gz", ".zip"):
        read_filename(text + suffix, parse_project_name("foo"))


def test_a_pure_wheel_is_one_whose_every_tag_is_none_any() -> None:
    assert parse_wheel_name("foo-1.0-py2.py3-none-any.whl").is_pure
    assert not parse_wheel_name("foo-1.0-py3-none-linux_armv7l.whl").is_pure


def test_the_build_tag_is_left_out_where_names_are_compared() -> None:
    assert untagged(Filename("foo-1.0-2-py3-none-any.whl")) == "foo-1.0-py3-none-any.whl"
    assert untagged(Filename("foo-1.0-py3-none-any.whl")) == "foo-1.0-py3-none-any.whl"
