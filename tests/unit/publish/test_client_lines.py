import configparser
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.errors import BadInput
from wheelyard.publish.client_lines import TOOLS, client_lines

URL = "https://wheels.example.org/overlay/simple/"


def read(tool: str, url: str) -> Any:  # noqa: ANN401 - any of several files
    """Return the index that a tool would read out of the lines for it."""
    lines = client_lines(tool, url).lines
    if tool == "pip":
        parser = configparser.RawConfigParser()
        parser.read_string(lines)
        return parser.get("global", "index-url")
    document: Any = tomllib.loads(lines)
    keys = {
        "uv": ("tool", "uv", "index"),
        "poetry": ("tool", "poetry", "source"),
        "pdm": ("tool", "pdm", "source"),
        "pipenv": ("source",),
    }
    for key in keys[tool]:
        document = document[key]
    [source] = document
    return source["url"]


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_reads_the_address_that_was_given(tool: str) -> None:
    assert read(tool, URL) == URL


def test_pip_is_told_to_trust_an_address_without_tls_elsewhere_only() -> None:
    assert "trusted-host = pi.example.org\n" in client_lines("pip", "http://pi.example.org/").lines
    assert "trusted-host" not in client_lines("pip", "http://127.0.0.1:8080/").lines
    assert "trusted-host" not in client_lines("pip", URL).lines


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "overlay/simple/", "https:///simple/", "https://a/\nb=1", ""]
)
@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_no_address_is_refused(tool: str, url: str) -> None:
    with pytest.raises(BadInput, match="begins with https"):
        client_lines(tool, url)


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(BadInput, match="pdm, pip, pipenv, poetry, uv"):
        client_lines("easy_install", URL)


@given(
    st.sampled_from([tool for tool in TOOLS if tool != "pip"]),
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30),
)
def test_no_address_breaks_out_of_its_string(tool: str, end: str) -> None:
    url = f"https://wheels.example.org/{end}"
    assert read(tool, url) == url
