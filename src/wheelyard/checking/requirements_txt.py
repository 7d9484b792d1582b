"""Requirements files as pip reads them, one requirement a line, with options passed over.

The form is https://pip.pypa.io/en/stable/reference/requirements-file-format/. Which other files a
file may include is for the caller to say: nothing is opened here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from packaging.specifiers import SpecifierSet

from wheelyard.checking.environment import MarkerEnvironment
from wheelyard.checking.needs import (
    MAX_NEEDS,
    Need,
    Needs,
    fault,
    read_need,
    shortened,
    source_of,
)
from wheelyard.errors import BadInput, InvalidName
from wheelyard.model.names import ProjectName, parse_project_name, parse_wheel_name

FORM = "requirements.txt"

Opener = Callable[[str, str], tuple[str, str]]
"""Given the name of a file and what it includes, return the included one's name and its text."""

_MAX_FILES = 100
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_INCLUDE = re.compile(
    r"(?:-(?P<short>[rc])|--(?P<long>requirement|constraint)[\s=])\s*+(?P<rest>.+)"
)
_EDITABLE = re.compile(r"(?:-e|--editable)[\s=]\s*+(?P<rest>.+)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|git\+")
_NAMED = re.compile(r"[A-Za-z0-9._-]++\s*+(?:\[[^\]]*+\]\s*+)?@")
_OPTION = re.compile(r"\s--?[A-Za-z]")
_ARCHIVE = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


@dataclass(slots=True)
class _Reading:
    """What has been read so far, of a file and of those that it includes."""

    environment: MarkerEnvironment
    open_other: Opener | None
    needs: list[Need] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limits: dict[ProjectName, SpecifierSet] = field(default_factory=dict)
    files: set[tuple[str, bool]] = field(default_factory=set)


def read_requirements_txt(
    text: str, *, name: str = "", environment: MarkerEnvironment, open_other: Opener | None = None
) -> Needs:
    """Read a requirements file; without `open_other` the files that it includes are passed over.

    `name` is the file's own, for messages and for what it includes.

    Raises:
        InvalidRequirements: if a line cannot be read, or there is too much.
    """
    reading = _Reading(environment, open_other)
    reading.files.add((name, False))
    _read_file(reading, text, name, is_limit=False, told="")
    limits = reading.limits
    return Needs(
        form=FORM,
        needs=tuple(
            replace(need, specifiers=need.specifiers & limits[need.name])
            if need.name in limits
            else need
            for need in reading.needs
        ),
        notes=tuple(reading.notes),
    )


def _read_file(reading: _Reading, text: str, name: str, *, is_limit: bool, told: str) -> None:
    for number, line in _lines(text):
        place = f"{told}line {number}"
        included = _INCLUDE.fullmatch(line)
        if included is not None:
            becomes_limit = is_limit or "c" in {included["short"], (included["long"] or "")[:1]}
            _include(reading, included["rest"], name, place, is_limit=becomes_limit)
            continue
        need = _read_line(line, place=place, environment=reading.environment)
        if need is None:
            continue
        if is_limit:
            if need.name is not None and need.applies:
                before = reading.limits.get(need.name, SpecifierSet())
                reading.limits[need.name] = before & need.specifiers
            continue
        reading.needs.append(need)
        if len(reading.needs) > MAX_NEEDS:
            raise fault(place, f"A file has at most {MAX_NEEDS} requirements")


def _include(reading: _Reading, other: str, name: str, place: str, *, is_limit: bool) -> None:
    if reading.open_other is None or _URL.match(other):
        reading.notes.append(f"{place}: {shortened(other)} is not looked at, only this file is.")
        return
    if len(reading.files) >= _MAX_FILES:
        raise fault(place, f"At most {_MAX_FILES} files are read")
    try:
        other_name, text = reading.open_other(name, other)
    except BadInput as error:
        raise fault(place, str(error.subject)) from None
    # A file that includes itself, directly or not, would have no end.
    if (other_name, is_limit) not in reading.files:
        reading.files.add((other_name, is_limit))
        told = f"{shortened(other)}, "
        _read_file(reading, text, other_name, is_limit=is_limit, told=told)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, continued ones as one, with the first one's number."""
    parts: list[str] = []
    first = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r")
        first = first if parts else number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        whole = _COMMENT.sub("", "".join([*parts, line])).strip()
        parts = []
        if whole:
            yield first, whole
    if whole := _COMMENT.sub("", "".join(parts)).strip():
        yield first, whole


def _read_line(line: str, *, place: str, environment: MarkerEnvironment) -> Need | None:
    """Read a line; None if it is an option."""
    editable = _EDITABLE.fullmatch(line)
    if editable is not None:
        return _direct(editable["rest"], place)
    if line.startswith("-"):
        return None
    wanted = _without_options(line)
    if not _NAMED.match(wanted) and (_URL.match(wanted) or _is_path(wanted)):
        return _direct(wanted, place)
    return read_need(wanted, place=place, environment=environment)


def _without_options(line: str) -> str:
    """Return a line without the options that belong to its requirement alone (`--hash=…`)."""
    return _OPTION.split(line, maxsplit=1)[0].rstrip()


def _is_path(text: str) -> bool:
    before_marker = text.partition(";")[0].strip()
    is_archive = before_marker.partition("[")[0].lower().endswith(_ARCHIVE)
    return (
        is_archive or "/" in before_marker or "\\" in before_marker or before_marker.startswith(".")
    )


def _direct(text: str, place: str) -> Need:
    """Return what comes from elsewhere than an index; nobody asks what is there."""
    return Need(
        shown=shortened(text),
        place=place,
        name=_name_in(text),
        source=source_of(text) if _URL.match(text) else "a path",
    )


def _name_in(text: str) -> ProjectName | None:
    """Return the name that a URL or a path tells, if it does."""
    url, _, fragment = text.partition("#")
    eggs = [part[4:] for part in fragment.split("&") if part.startswith("egg=")]
    try:
        if eggs:
            return parse_project_name(eggs[0].partition("[")[0])
        return parse_wheel_name(url.rpartition("/")[2]).project
    except InvalidName:
        return None
