"""What to write into the configuration of each installer so that it uses an index; pure."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from wheelyard.errors import BadInput

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SOURCE = "wheelyard"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLines:
    """One way to configure an installer: `lines` of a `file`, or the `command` that does the same.

    `command` is None where there is none.
    """

    file: str
    lines: str
    command: str | None = None


def client_lines(tool: str, url: str) -> ClientLines:
    """Return what makes `url`, an overlay with a slash at its end, a tool's only index.

    Raises:
        BadInput: if there is no such tool, or the URL is none that can stand in a file.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable():
        raise BadInput(repr(url), "An index has an address that begins with https:// or http://")
    if tool not in _TOOLS:
        raise BadInput(repr(tool), f"The tools are {', '.join(sorted(_TOOLS))}")
    return _TOOLS[tool](url)


def _pip(url: str) -> ClientLines:
    # ConfigParser takes a lone % for the beginning of a reference.
    lines = f"[global]\nindex-url = {url.replace('%', '%%')}\n"
    command = f"pip config set global.index-url {url}"
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        # pip refuses to use an index without TLS that is not on the same machine.
        lines += f"trusted-host = {parts.hostname}\n"
        command += f" && pip config set global.trusted-host {parts.hostname}"
    return ClientLines(file="pip.conf", lines=lines, command=command)


def _uv(url: str) -> ClientLines:
    lines = f"[[tool.uv.index]]\nname = {_text(_SOURCE)}\nurl = {_text(url)}\ndefault = true\n"
    return ClientLines(file="pyproject.toml", lines=lines, command=f"export UV_DEFAULT_INDEX={url}")


def _poetry(url: str) -> ClientLines:
    lines = (
        f"[[tool.poetry.source]]\nname = {_text(_SOURCE)}\nurl = {_text(url)}\n"
        'priority = "primary"\n'
    )
    command = f"poetry source add --priority=primary {_SOURCE} {url}"
    return ClientLines(file="pyproject.toml", lines=lines, command=command)


def _pdm(url: str) -> ClientLines:
    # The name is that of PDM's usual source, which this one replaces.
    lines = f'[[tool.pdm.source]]\nname = "pypi"\nurl = {_text(url)}\nverify_ssl = true\n'
    return ClientLines(file="pyproject.toml", lines=lines, command=f"pdm config pypi.url {url}")


def _pipenv(url: str) -> ClientLines:
    lines = f"[[source]]\nname = {_text(_SOURCE)}\nurl = {_text(url)}\nverify_ssl = true\n"
    return ClientLines(file="Pipfile", lines=lines)


def _text(value: str) -> str:
    """Return a basic string of TOML, which is written as JSON's is."""
    return json.dumps(value, ensure_ascii=False)


_TOOLS = {"pip": _pip, "uv": _uv, "poetry": _poetry, "pdm": _pdm, "pipenv": _pipenv}

TOOLS = tuple(sorted(_TOOLS))
"""The installers that are known, by name."""
