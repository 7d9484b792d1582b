"""Samples of every form; uv has written those of uv, pylock and requirements.txt."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wheelyard.checking.environment import marker_environment
from wheelyard.checking.needs import Need, Needs
from wheelyard.checking.reading import read_needs
from wheelyard.errors import InvalidRequirements
from wheelyard.model.target import target_from_name

DATA = Path(__file__).parents[2] / "data/checking"
BOARD = marker_environment(target_from_name("bookworm-cp311-armv7l"))


def read(text: str | bytes, filename: str = "") -> Needs:
    data = text.encode() if isinstance(text, str) else text
    return read_needs(data, filename=filename, environment=BOARD)


def sample(name: str) -> Needs:
    return read((DATA / name).read_bytes(), name)


def shown(needs: Needs, *, applying: bool = True) -> list[str]:
    return [need.shown for need in needs.needs if need.applies is applying]


def one(text: str, filename: str = "requirements.txt") -> Need:
    (need,) = read(text, filename).needs
    return need


def refusal(text: str | bytes, filename: str) -> str | None:
    """Return why a file is refused, if it is."""
    try:
        read(text, filename)
    except InvalidRequirements as error:
        return str(error)
    return None


LOCKED = [
    *("click==8.5.1", "docopt==0.6.2", "iniconfig==2.3.1", "packaging==26.3", "pluggy==1.7.0"),
    *("pyflakes==4.1.0", "pygments==2.21.0", "pyserial==3.5", "pytest==9.2.0", "smbus2==0.6.1"),
    "spidev==3.8",
]
FOR_WINDOWS = ["colorama==0.4.6", "pywin32-ctypes==0.2.3"]


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml"])
def test_a_lock_names_every_package_and_those_that_the_board_does_not_need(name: str) -> None:
    needs = sample(name)
    assert (needs.form, needs.is_locked) == (name, True)
    assert shown(needs) == LOCKED
    assert shown(needs, applying=False) == FOR_WINDOWS


def test_the_requirements_file_that_uv_exports_is_read() -> None:
    needs = sample("requirements.txt")
    assert (needs.form, needs.is_locked) == ("requirements.txt", False)
    assert shown(needs) == [
        *("click==8.5.1", "docopt==0.6.2", "pyserial==3.5", "smbus2==0.6.1", "spidev==3.8"),
    ]
    assert shown(needs, applying=False) == FOR_WINDOWS[1:]
    assert needs.notes == ()


def test_a_poetry_lock_is_read_with_markers_by_group() -> None:
    needs = sample("poetry.lock")
    assert needs.form == "poetry.lock"
    assert shown(needs) == ["click==8.5.1", "smbus2==0.6.1", "spidev==3.8", "sensor-board==1.2.0"]
    assert shown(needs, applying=False) == ["colorama==0.4.6"]
    assert needs.needs[-1].source == "a version control system"


def test_a_pdm_lock_has_a_package_once_whatever_its_extras() -> None:
    needs = sample("pdm.lock")
    assert needs.form == "pdm.lock"
    assert shown(needs) == ["requests==2.34.2", "sensor-board==1.2.0", "spidev==3.8"]
    assert shown(needs, applying=False) == ["colorama==0.4.6"]
    assert [need.source for need in needs.needs if need.name == "sensor-board"] == [
        "a version control system"
    ]


def test_a_projects_file_asks_for_dependencies_extras_and_groups() -> None:
    needs = sample("project.toml")
    assert (needs.form, needs.is_locked) == ("pyproject.toml", False)
    assert shown(needs) == [
        *("spidev>=3.6", "pyserial~=3.5", "docopt", "click>=8", "smbus2>=0.4", "pytest"),
        "pyflakes",
    ]
    assert shown(needs, applying=False) == ["pywin32-ctypes>=0.2", "tomli"]
    assert needs.needs[0].place == "project.dependencies, line 6"
    assert needs.needs[-1].place == "group lint, line 19"


@pytest.mark.parametrize(
    "name", ["uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "requirements.txt"]
)
def test_what_is_pasted_is_told_apart_by_its_contents(name: str) -> None:
    assert read((DATA / name).read_bytes()) == sample(name)


def test_the_place_of_a_locked_package_is_its_line() -> None:
    lines = (DATA / "uv.lock").read_text(encoding="utf-8").split("\n")
    for need in sample("uv.lock").needs:
        line = int(need.place.removeprefix("line "))
        assert lines[line - 1] == "[[package]]"
        assert lines[line] == f'name = "{need.name}"'


def test_uv_forks_count_only_where_their_markers_hold() -> None:
    text = """version = 1
requires-python = ">=3.11"
[[package]]
name = "app"
version = "1"
source = { editable = "." }
dependencies = [
  { name = "numpy", version = "1.26", marker = "python_version < '3.12'" },
  { name = "numpy", version = "2.2", marker = "python_version >= '3.12'" },
  { name = "web", extra = ["fast"] },
]
[[package]]
name = "numpy"
version = "1.26"
resolution-markers = ["python_version < '3.12'"]
[[package]]
name = "numpy"
version = "2.2"
resolution-markers = ["python_version >= '3.12'"]
[[package]]
name = "web"
version = "3"
[package.optional-dependencies]
fast = [{ name = "loop" }]
slow = [{ name = "wait" }]
[[package]]
name = "loop"
version = "1"
dependencies = [{ name = "web" }]
[[package]]
name = "wait"
version = "1"
"""
    needs = read(text, "uv.lock")
    assert shown(needs) == ["numpy==1.26", "web==3", "loop==1"]
    assert shown(needs, applying=False) == ["numpy==2.2", "wait==1"]


def test_a_lock_of_a_script_has_no_package_of_its_own() -> None:
    text = 'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "a"\nversion = "1"\n'
    assert shown(read(text, "script.py.lock")) == ["a==1"]


def test_pylock_tells_what_comes_from_elsewhere() -> None:
    text = """lock-version = "1.0"
created-by = "me"
[[packages]]
name = "a"
vcs = { type = "git", url = "https://git.example.org/a", commit-id = "abc" }
[[packages]]
name = "b"
directory = { path = "." }
[[packages]]
name = "c"
archive = { url = "https://files.example.org/c.tar.gz", hashes = { sha256 = "00" } }
"""
    assert [need.source for need in read(text).needs] == [
        *("a version control system", "a path", "a URL"),
    ]


@pytest.mark.parametrize(
    ("text", "filename", "told"),
    [
        ('lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "A"\n', "", "line 3: This"),
        ('lock-version = "9.0"\ncreated-by = "x"\npackages = []\n', "", "version 9.0"),
        ("[project]\nname = 'x\n", "pyproject.toml", "This is not TOML"),
        ("[project\n", "pyproject.toml", "line 1: This is not TOML"),
        ("[project]\ndependencies = ['a', '@']", "pyproject.toml", "dependencies, line 2: '@'"),
        ("[project]\ndependencies = [1]", "pyproject.toml", "A requirement is a text"),
        ("[project]\ndependencies = 'a'", "pyproject.toml", "project.dependencies: An array"),
        ("project = 1", "pyproject.toml", "project: A table"),
        ("[tool.black]\nx = 1", "pyproject.toml", "neither [project] nor"),
        ("", "pyproject.toml", "neither [project] nor"),
        ('version = 1\n[[package]]\nversion = "1"', "uv.lock", "line 2: A package has a name"),
        ('version = 1\n[[package]]\nname = "-"\nversion = "1"', "uv.lock", "line 2: '-'"),
        ('version = 1\n[[package]]\nname = "a"\nversion = "x y"', "uv.lock", "line 2: 'a' 'x y'"),
        ("version = 1\npackage = [1]", "uv.lock", "package 1: A table"),
        ("version = 1\npackage = 1", "uv.lock", "package: An array"),
        ("version = 1\n[[package]]\nname = 'a'\nsource = 1", "uv.lock", "line 2: source: A table"),
        ("version = 1\n[[package]]\nname = 'a'\ndependencies = 1", "uv.lock", "are an array"),
        ("version = 1\n[[package]]\nname = 'a'\ndependencies = [1]", "uv.lock", "is a table"),
        (
            "version = 1\n[[package]]\nname = 'a'\nresolution-markers = ['?']",
            "uv.lock",
            "line 2: '?' is not a marker",
        ),
        (
            "[[package]]\nname = 'a'\nversion = '1'\nmarkers = 1\n[metadata]\nlock-version = '2.1'",
            "poetry.lock",
            "line 1: A marker is a text",
        ),
        ("fine==1\nbad line here\n", "", "line 2: 'bad line here' is not a requirement"),
        (b"fine\n\xff\n", "", "line 2: This is not utf-8 text"),
        (b"fine\n\0\n", "", "line 2: This is not text"),
        ("a" * 2001, "", "line 1: A requirement has at most"),
        ("a\n" * 5001, "", "line 5001: A file has at most"),
        ("a; python_version " + "(" * 1990, "", "line 1: "),
        ("a==" + "9" * 1990, "", None),
        ("a; " + "(" * 900 + "os_name == 'x'" + ")" * 900, "", "is not a requirement"),
        ("x = " + "[" * 100_000, "a.toml", "This is not TOML"),
        ("x = " + "9" * 10_000, "a.toml", "This is not TOML"),
        ("a." * 400_000 + "b = 1", "a.toml", "line 1: No key"),
        ("\n\nx = {" + '"a" . ' * 100_000 + "b = 1}", "a.toml", "line 3: No key"),
        ("[" + "'a'." * 100_000 + "b]", "a.toml", "line 1: No key"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    text: str | bytes, filename: str, told: str | None
) -> None:
    if told is None:
        read(text, filename)
        return
    with pytest.raises(InvalidRequirements) as refused:
        read(text, filename)
    assert told in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000 + "x",
        "a" + " " * 1_000_000 + "b",
        "-r" + " " * 1_000_000 + "b",
        "-e" + " " * 1_000_000 + "b",
        "https://x/" + "#" * 1_000_000,
        "a " * 500_000,
        "a [" * 300_000,
        "a\\\n" * 300_000,
        '"' * 1_000_000,
        "a." * 500_000,
        "'a'." * 20 + "\n" * 1_000_000,
        "version = 1\n" + "[[package]]\nname='a'\nversion='1'\n" * 30_000,
        "version = 1\n"
        "[[package]]\nname='a'\nversion='1'\ndependencies=[" + "{name='a'}," * 80_000 + "]\n",
        "[project]\ndependencies = [" + "'a\\u0020'," * 90_000 + "]",
        "[project]\ndependencies = [" + '"a",' * 200_000 + "]",
    ],
)
@pytest.mark.parametrize("filename", ["", "requirements.txt", "x.toml"])
def test_nobody_keeps_the_reader_busy(text: str, filename: str) -> None:
    started = time.process_time()
    refusal(text, filename)
    assert time.process_time() - started < 5


PIECES = st.sampled_from(
    [
        *("[project]\n", "dependencies = ", "[", "]", "[[package]]\n", "name = ", "version = "),
        *("'a'", '"b>=1"', "{", "}", ",", "=", "==", "1.0", "; ", "python_version < '3'", "@"),
        *("-r ", "-e ", "--hash=", "\\\n", "extra == 'x'", "[metadata]\n", "lock-version", "\0"),
        *("[[packages]]\n", "created-by", "source", "git+https://x/y#egg=z", "./a.whl", "(", ")"),
        *("\n", "#", "é", " "),
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode())


@settings(max_examples=400)
@given(
    st.one_of(st.binary(max_size=200), TEXTS),
    st.sampled_from(["", "requirements.txt", "uv.lock", "pylock.toml", "pyproject.toml"]),
)
def test_whatever_is_handed_over_is_read_or_refused(data: bytes, filename: str) -> None:
    refused = refusal(data, filename)
    assert refused is None or (refused.isprintable() and len(refused) < 400)
    for need in () if refused else read(data, filename).needs:
        assert need.shown.isprintable()
        assert len(need.shown) <= 200
        assert need.name is not None or need.source is not None


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@given(st.lists(st.tuples(NAMES, st.integers(0, 99)), max_size=12))
def test_pins_are_read_as_they_are_written(pins: list[tuple[str, int]]) -> None:
    lines = [f"{name}=={version}  # why" for name, version in pins]
    needs = read("\n".join(lines), "requirements.txt")
    assert [need.shown for need in needs.needs] == [f"{name}=={version}" for name, version in pins]
    assert [need.place for need in needs.needs] == [f"line {n + 1}" for n in range(len(pins))]
