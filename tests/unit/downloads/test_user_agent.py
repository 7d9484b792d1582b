"""What clients say of themselves, in the words that they really send."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.downloads.user_agent import read_user_agent
from wheelyard.model.download import Client, ClientClass


def installer(name: str, version: str | None = None, **more: Any) -> Client:  # noqa: ANN401 - fields of a client
    return Client(
        client_class=ClientClass.INSTALLER, installer=name, installer_version=version, **more
    )


def pip(*, version: str = "23.0.1", **more: object) -> str:
    """Return the User-Agent of pip on a board with Debian 12."""
    told: dict[str, object] = {
        "ci": None,
        "cpu": "armv7l",
        "distro": {
            "id": "bookworm",
            "libc": {"lib": "glibc", "version": "2.36"},
            "name": "Debian GNU/Linux",
            "version": "12",
        },
        "implementation": {"name": "CPython", "version": "3.11.2"},
        "installer": {"name": "pip", "version": version},
        "openssl_version": "OpenSSL 3.0.9 30 May 2023",
        "python": "3.11.2",
        "rustc_version": "1.63.0",
        "setuptools_version": "66.1.1",
        "system": {"name": "Linux", "release": "6.1.21-v7+"},
    } | more
    return f"pip/{version} {json.dumps(told, separators=(',', ':'), sort_keys=True)}"


BOARD = installer(
    "pip",
    "23.0",
    python="3.11",
    implementation="CPython",
    distribution="debian gnu/linux",
    distribution_version="12",
    libc="glibc 2.36",
    architecture="armv7l",
)


def board(**more: object) -> Client:
    return replace(BOARD, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        # The newest: 6.0 and all after it.
        (pip(), BOARD),
        (pip(version="25.0"), board(installer_version="25.0")),
        (pip(version="24.1b2"), board(installer_version="24.1")),
        (pip(version="22.0.dev0"), board(installer_version="22.0")),
        (pip(ci=True), board(is_ci=True)),
        (pip(ci=False), board(is_ci=False)),
        (pip(python="3.14.0rc1"), board(python="3.14")),
        (pip(cpu="aarch64"), board(architecture="aarch64")),
        (pip(cpu="AMD64"), board(architecture="amd64")),
        (pip(user_data="frank@example.org"), BOARD),
        (pip(user_data="x" * 14_000), BOARD),
        (
            pip(distro={"name": "macOS", "version": "14.4.1"}),
            board(distribution="macos", distribution_version="14.4", libc=None),
        ),
        (
            pip(distro={"id": "n/a", "name": "Arch Linux", "version": ""}),
            board(distribution="arch linux", distribution_version=None, libc=None),
        ),
        (
            pip(distro={"libc": {"lib": "musl", "version": "1.2.4"}, "name": "Alpine Linux"}),
            board(distribution="alpine linux", distribution_version=None, libc="musl 1.2"),
        ),
        (
            pip(distro={"id": "sid", "libc": {"lib": "glibc"}, "name": "debian", "version": "sid"}),
            board(distribution="debian", distribution_version="sid", libc="glibc"),
        ),
        (
            pip(distro=None, system={"name": "Windows", "release": "10"}),
            board(distribution=None, distribution_version=None, libc=None),
        ),
        (
            pip(implementation={"name": "PyPy", "version": "7.3.11"}, python="3.9.16"),
            board(implementation="PyPy", python="3.9"),
        ),
        (pip(implementation={"name": "MyPython"}), board(implementation="other")),
        (
            (
                'pip/6.0.8 {"cpu":"armv6l","distro":{"id":"wheezy","libc":{"lib":"glibc","version":'
                '"2.13"},"name":"debian","version":"7.8"},"implementation":{"name":"CPython","version":'
                '"2.7.3"},"installer":{"name":"pip","version":"6.0.8"},"python":"2.7.3","system":'
                '{"name":"Linux","release":"3.18.7+"}}'
            ),
            installer(
                "pip",
                "6.0",
                python="2.7",
                implementation="CPython",
                distribution="debian",
                distribution_version="7.8",
                libc="glibc 2.13",
                architecture="armv6l",
            ),
        ),
        # 1.4 to 1.5.6
        (
            "pip/1.5.6 CPython/2.7.9 Linux/3.18.7-v7+",
            installer("pip", "1.5", python="2.7", implementation="CPython"),
        ),
        ("pip/1.4.1 PyPy/2.2.1 Linux/3.2.0", installer("pip", "1.4", implementation="PyPy")),
        ("pip/1.5.6 Unknown/Unknown Unknown/Unknown", installer("pip", "1.5")),
        # Before 1.4 it was like any script.
        ("Python-urllib/2.7", Client()),
        ("Python-urllib/3.2", Client()),
        ("pip/24.0", installer("pip", "24.0")),
        ("pip/no-version", installer("pip")),
    ],
)
def test_pip_is_known_of_all_ages(user_agent: str, client: Client) -> None:
    assert read_user_agent(user_agent) == client


UV = (
    'uv/0.4.30 {"installer":{"name":"uv","version":"0.4.30"},"python":"3.11.2","implementation":'
    '{"name":"CPython","version":"3.11.2"},"distro":{"name":"Debian GNU/Linux","version":"12","id":'
    '"bookworm","libc":{"lib":"glibc","version":"2.36"}},"system":{"name":"Linux","release":'
    '"6.6.31+rpt-rpi-v7"},"cpu":"armv7l","openssl_version":null,"setuptools_version":null,'
    '"rustc_version":null,"ci":null}'
)


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        (UV, board(installer="uv", installer_version="0.4")),
        (
            UV.replace('"version":"0.4.30"}', '"version":"0.4.30","subcommand":["pip","install"]}'),
            board(installer="uv", installer_version="0.4"),
        ),
        # `uv pip` gave itself another name for a while.
        (
            UV.replace('"name":"uv"', '"name":"uv-pip"'),
            board(installer="uv", installer_version="0.4"),
        ),
        (
            UV.replace('"python":"3.11.2"', '"python":null').replace(
                '"implementation":{"name":"CPython","version":"3.11.2"}', '"implementation":null'
            ),
            board(installer="uv", installer_version="0.4", python=None, implementation=None),
        ),
        ("uv/0.1.5", installer("uv", "0.1")),
        (
            "poetry/1.8.2 CPython/3.11.2 Linux/6.1.0-rpi7-rpi-v8",
            installer("poetry", "1.8", python="3.11", implementation="CPython"),
        ),
        (
            "poetry/1.1.11 CPython/3.9.2 Linux/5.10.16.3-microsoft-standard-WSL2",
            installer("poetry", "1.1", python="3.9", implementation="CPython"),
        ),
        (
            "pdm/2.1.6.dev32+g1e5dc62 CPython/3.11.0",
            installer("pdm", "2.1", python="3.11", implementation="CPython"),
        ),
        (
            "pdm/2.12.4 CPython/3.12.1 Linux/5.15",
            installer("pdm", "2.12", python="3.12", implementation="CPython"),
        ),
        (
            (
                'Hatch/1.9.4 {"installer":{"name":"hatch","version":"1.9.4"},"python":"3.11.2",'
                '"cpu":"aarch64","ci":true} HTTPX/0.27.0'
            ),
            installer("hatch", "1.9", python="3.11", architecture="aarch64", is_ci=True),
        ),
        ("Python-urllib/2.7 setuptools/5.5.1", installer("setuptools", "5.5", python="2.7")),
        ("setuptools/40.8.0 Python-urllib/3.7", installer("setuptools", "40.8", python="3.7")),
        ("Python-urllib/2.6 distribute/0.6.10", installer("distribute", "0.6", python="2.6")),
        ("pex/2.1.90", installer("pex", "2.1")),
        (
            "conda/4.10.3 requests/2.25.1 CPython/3.8.10 Linux/5.10.0 debian/11 glibc/2.31",
            installer("conda", "4.10", python="3.8", implementation="CPython"),
        ),
        ("Bazel/release 6.4.0", installer("bazel", "6.4")),
        ("Bazel/7.0.0", installer("bazel", "7.0")),
    ],
)
def test_other_installers_are_known(user_agent: str, client: Client) -> None:
    assert read_user_agent(user_agent) == client


@pytest.mark.parametrize(
    "told",
    [
        "{",
        "{}}",
        "[]",
        "{]",
        '{"python":' * 1000,
        "{" + "a" * 100_000 + "}",
        '{"a":' + "[" * 1900 + "]" * 1900 + "}",
        "{'python':'3.11'}",
    ],
)
def test_of_forged_json_the_name_is_left(told: str) -> None:
    assert read_user_agent(f"pip/23.0.1 {told}") == installer("pip", "23.0")


@pytest.mark.parametrize(
    "value",
    [
        "frank@example.org",
        "2001:db8::1",
        "<script>alert(1)</script>",
        "x" * 41,
        "",
        " ",
        "a\nb",
        "é",
        "\u0663.\u0661\u0661",
        7,
        3.11,
        True,
        None,
        [],
        ["3.11"],
        {},
        {"name": {"name": 1}},
    ],
)
def test_values_that_are_no_names_are_left_out(value: object) -> None:
    parts = {"name": value, "version": value, "libc": {"lib": value, "version": value}}
    told = read_user_agent(
        pip(cpu=value, python=value, implementation=parts, installer=parts, distro=parts)
    )
    assert told == installer("pip", "23.0")


def test_an_address_in_the_place_of_a_version_is_cut_in_half() -> None:
    told = read_user_agent(pip(python="192.0.2.1", distro={"name": "192.0.2.1"}, cpu="192.0.2.1"))
    assert (told.python, told.distribution, told.architecture) == ("192.0", None, None)


TEXT = st.text(max_size=50) | st.sampled_from(["3.11.2", "CPython", "Debian GNU/Linux", "armv7l"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "version", "lib", "libc", "id"]), inner)
    ),
)


@given(
    st.dictionaries(st.sampled_from(["python", "cpu", "distro", "implementation", "ci"]), VALUES)
)
def test_no_object_makes_reading_fail_or_is_kept_whole(told: dict[str, Any]) -> None:
    client = read_user_agent(pip(**told))

    assert client.installer == "pip"
    for field in Client.__slots__:
        value = getattr(client, field)
        assert not isinstance(value, str) or (len(value) <= 60 and value.isascii())


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    assert isinstance(read_user_agent(text), Client)
    assert read_user_agent(f"pip/23.0 {{{text}") == installer("pip", "23.0")
