"""Requirements files as people write them."""

from collections.abc import Mapping

import pytest

from wheelyard.checking.environment import marker_environment
from wheelyard.checking.needs import Needs
from wheelyard.checking.requirements_txt import Opener, read_requirements_txt
from wheelyard.errors import BadInput, InvalidRequirements
from wheelyard.model.target import target_from_name

BOARD = marker_environment(target_from_name("bookworm-cp311-armv7l"))


def read(text: str, *, open_other: Opener | None = None) -> Needs:
    return read_requirements_txt(text, name="here.txt", environment=BOARD, open_other=open_other)


def others(files: Mapping[str, str]) -> Opener:
    def open_other(_including: str, other: str) -> tuple[str, str]:
        if other not in files:
            raise BadInput(other, "There is no such file")
        return other, files[other]

    return open_other


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("numpy", "numpy"),
        ("  numpy  ", "numpy"),
        ("numpy>=1.26,<3", "numpy<3,>=1.26"),
        ("numpy >= 1.26  # why not", "numpy>=1.26"),
        ("numpy # why not", "numpy"),
        ("Requests[socks,security]==2.31", "Requests[security,socks]==2.31"),
        ("numpy (>=1.26)", "numpy>=1.26"),
        ("numpy; python_version >= '3'", "numpy"),
        ("numpy==1.26 --hash=sha256:00 --hash=sha256:11", "numpy==1.26"),
        ("numpy==1.26 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11\n", "numpy==1.26"),
        ("numpy \\\n >=1", "numpy>=1"),
        ("numpy --config-settings x=y", "numpy"),
        ("numpy\r\n", "numpy"),
        ("nu\\\nmpy", "numpy"),
    ],
)
def test_a_requirement_is_read_with_its_comments_and_options_gone(line: str, shown: str) -> None:
    (need,) = read(line).needs
    assert (need.shown, need.place, need.source, need.applies) == (shown, "line 1", None, True)


@pytest.mark.parametrize(
    "line",
    [
        *("", "   ", "# only this", "   # only this", "# continued \\", "\\"),
        *("--index-url https://x/simple", "-i https://x/", "--no-binary :all:", "--pre"),
        *("--extra-index-url=https://x/", "-f ./wheels", "--trusted-host x", "--require-hashes"),
    ],
)
def test_options_and_comments_ask_for_nothing(line: str) -> None:
    assert read(line).needs == ()


@pytest.mark.parametrize(
    ("line", "name", "source"),
    [
        ("git+https://git.example.org/spam.git@main#egg=spam", "spam", "a version control system"),
        ("git+ssh://git@git.example.org/spam.git", None, "a version control system"),
        ("spam @ git+https://git.example.org/spam.git", "spam", "a version control system"),
        ("spam @ https://files.example.org/spam.tar.gz", "spam", "a URL"),
        ("spam[x]@https://files.example.org/spam.tar.gz ; os_name=='posix'", "spam", "a URL"),
        ("https://files.example.org/spam-1.0-py3-none-any.whl", "spam", "a URL"),
        ("https://files.example.org/spam.zip#sha256=00&egg=eggs[x]", "eggs", "a URL"),
        ("https://files.example.org/spam.zip#egg=-", None, "a URL"),
        ("file:///home/pi/spam.whl", None, "a file"),
        ("./spam", None, "a path"),
        (".", None, "a path"),
        (".[test]", None, "a path"),
        ("../spam-1.0-py3-none-any.whl", "spam", "a path"),
        ("spam-1.0-cp311-cp311-linux_armv7l.whl", "spam", "a path"),
        ("dist\\spam.zip", None, "a path"),
        ("-e .", None, "a path"),
        ("-e git+https://git.example.org/spam.git#egg=spam", "spam", "a version control system"),
        ("--editable=./spam", None, "a path"),
    ],
)
def test_what_comes_from_elsewhere_is_said_to(line: str, name: str | None, source: str) -> None:
    (need,) = read(line).needs
    assert (need.name, need.source) == (name, source)


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        ("platform_machine == 'armv7l'", True),
        ("platform_machine == 'aarch64'", False),
        ("sys_platform == 'linux' and os_name == 'posix'", True),
        ("platform_system == 'Windows'", False),
        ("python_version < '3.12'", True),
        ("python_full_version >= '3.11.4'", True),
        ("implementation_name == 'pypy'", False),
        ("extra == 'test'", True),
        ("extra == 'test' and sys_platform == 'win32'", False),
        ("platform_release >= '5.10'", False),
        (" or ".join(f"extra == 'x{number}'" for number in range(20)), True),
    ],
)
def test_markers_are_those_of_the_target(marker: str, *, applies: bool) -> None:
    (need,) = read(f"spam; {marker}").needs
    assert need.applies is applies


def test_included_files_are_read_with_their_places() -> None:
    files = {"base.txt": "a\n-r more.txt", "more.txt": "\nb", "c.txt": "d"}
    needs = read("-r base.txt\n-rc.txt\n--requirement=more.txt\ne", open_other=others(files))
    assert [(need.shown, need.place) for need in needs.needs] == [
        ("a", "base.txt, line 1"),
        ("b", "more.txt, line 2"),
        ("d", "c.txt, line 1"),
        ("e", "line 4"),
    ]


def test_constraints_narrow_what_is_asked_for_and_ask_for_nothing() -> None:
    files = {
        "limits.txt": "a<2\n-r deep.txt\nb==1\nc==9; sys_platform == 'win32'",
        "deep.txt": "A!=1.5",
    }
    needs = read("a>=1\n-c limits.txt\nc\n", open_other=others(files))
    assert [str(need.specifiers) for need in needs.needs] == ["!=1.5,<2,>=1", ""]


def test_files_that_include_each_other_end() -> None:
    files = {"a.txt": "x\n-r b.txt", "b.txt": "y\n-r a.txt\n-r b.txt"}
    needs = read("-r a.txt", open_other=others(files))
    assert [need.shown for need in needs.needs] == ["x", "y"]


def test_nobody_follows_files_without_end() -> None:
    def open_other(_including: str, other: str) -> tuple[str, str]:
        return other, f"-r {other}x"

    with pytest.raises(InvalidRequirements, match="At most 100 files"):
        read("-r x", open_other=open_other)


def test_an_included_file_that_is_not_there_is_an_error_with_its_line() -> None:
    with pytest.raises(InvalidRequirements, match=r"line 2: gone\.txt"):
        read("a\n-r gone.txt", open_other=others({}))


def test_without_a_way_to_open_files_what_is_included_is_only_told_of() -> None:
    needs = read("-r /etc/passwd\n-c https://x/limits.txt\nspam")
    assert [need.shown for need in needs.needs] == ["spam"]
    assert needs.notes == (
        "line 1: /etc/passwd is not looked at, only this file is.",
        "line 2: https://x/limits.txt is not looked at, only this file is.",
    )


def test_what_is_included_from_a_url_is_never_fetched() -> None:
    needs = read("-r https://x/more.txt", open_other=others({}))
    assert len(needs.notes) == 1
