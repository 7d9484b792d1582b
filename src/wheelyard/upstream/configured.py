"""The index that this machine is configured for, found where pip and uv look for it."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pip._internal.configuration import Configuration  # pip's own reading of its files
from pip._internal.exceptions import ConfigurationError
from pip._internal.models.index import PyPI

from wheelyard.errors import InvalidSetting

_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_PIP_KEYS = ("install.index-url", "global.index-url")


def default_index_url() -> str:
    """Return the simple index that pip or uv would use here, with a slash at its end.

    The environment comes first, then pip's files, then uv's, then pip's own default. The URL may
    hold a user name and a password: do not log it.

    Raises:
        InvalidSetting: if one of those files cannot be read.
    """
    url = _from_environment() or _from_pip() or _from_uv() or PyPI.simple_url
    return url if url.endswith("/") else f"{url}/"


def _from_environment() -> str | None:
    return next((_without_name(value) for name in _VARIABLES if (value := _variable(name))), None)


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _without_name(index: str) -> str:
    """Return the URL of an index that uv lets people write as `name=url`."""
    name, equals, url = index.partition("=")
    return url if equals and "/" not in name else index


def _from_pip() -> str | None:
    configuration = Configuration(isolated=False)
    try:
        configuration.load()
    except ConfigurationError as error:
        raise InvalidSetting("pip's configuration", str(error)) from None
    for key in _PIP_KEYS:
        try:
            return str(configuration.get_value(key)).strip()
        except ConfigurationError:
            continue
    return None


def _from_uv() -> str | None:
    for file in _uv_files():
        try:
            settings = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise InvalidSetting(file, str(error)) from None
        url = _uv_default(settings)
        if url:
            return url
    return None


def _uv_files() -> Iterator[Path]:
    """Yield the places of `uv.toml`, the one that counts most first."""
    if named := _variable("UV_CONFIG_FILE"):
        yield Path(named)
        return
    yield Path(_variable("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml"
    for folder in (_variable("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
        yield Path(folder) / "uv" / "uv.toml"
    yield Path("/etc/uv/uv.toml")


def _uv_default(settings: dict[str, object]) -> str | None:
    indexes = settings.get("index")
    for index in indexes if isinstance(indexes, list) else []:
        if isinstance(index, dict) and index.get("default") is True and index.get("url"):
            return str(index["url"])
    url = settings.get("index-url")
    return url if isinstance(url, str) else None
