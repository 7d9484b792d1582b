"""TOML as strangers write it, read without letting them keep the machine busy."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wheelyard.checking.needs import fault

_DEEP_KEY = re.compile(
    r"(?<![A-Za-z0-9_-])"
    r"""(?:(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}"""
)
"""The time that tomllib takes for a key grows with the square of its parts."""

_LINE = re.compile(r"\(at line (\d+)")


def read_toml(text: str) -> dict[str, Any]:
    """Read a TOML document.

    Raises:
        InvalidRequirements: if it is none, or is nested without end.
    """
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise fault(f"line {line}", "No key of a project's file has that many parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        place = f"line {found[1]}" if found else "the end"
        reason = str(error).partition(" (at ")[0]
        raise fault(place, f"This is not TOML: {reason}") from None
    except (RecursionError, ValueError) as error:
        raise fault("the file", f"This is not TOML that can be read: {error}") from None


def tables(
    document: Mapping[str, Any], key: str, *, text: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the tables of an array of tables, each with the place in `text` where it is.

    Raises:
        InvalidRequirements: if it is not an array of tables.
    """
    found = document.get(key, [])
    if not isinstance(found, list):
        raise fault(key, "An array of tables belongs here")
    header = f"[[{key}]]"
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.strip() == header]
    for number, item in enumerate(found, 1):
        # Arrays may be written otherwise, or inside of texts: then only the number is sure.
        is_sure = len(lines) == len(found)
        place = f"line {lines[number - 1]}" if is_sure else f"{key} {number}"
        if not isinstance(item, dict):
            raise fault(place, "A table belongs here")
        yield place, item


def table(document: Mapping[str, Any], key: str, *, place: str = "") -> Mapping[str, Any]:
    """Return a table of a document, an empty one where there is none.

    Raises:
        InvalidRequirements: if there is something else.
    """
    found = document.get(key, {})
    if not isinstance(found, dict):
        raise fault(f"{place}{key}", "A table belongs here")
    return found


def array(document: Mapping[str, Any], key: str, *, place: str = "") -> Sequence[Any]:
    """Return an array of a document, an empty one where there is none.

    Raises:
        InvalidRequirements: if there is something else.
    """
    found = document.get(key, [])
    if not isinstance(found, list):
        raise fault(f"{place}{key}", "An array belongs here")
    return found
