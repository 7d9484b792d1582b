"""What a wheelyard tells those who copy it; pure.

Unknown fields are ignored: the server may be newer than the mirror.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wheelyard.errors import InvalidName, InvalidPage
from wheelyard.model.names import (
    Filename,
    ProjectName,
    Sha256,
    parse_filename,
    parse_project_name,
    parse_sha256,
    parse_wheel_name,
)
from wheelyard.model.wheel import WheelState, package_path

CHANGES_PATH = "/changes/"
"""Where the feed of changes is; `?after=SERIAL` says where to go on."""

_MOST = 10_000
_INDEX = r"^(?:[a-z][a-z0-9]{0,30}/)?(?:overlay/)?simple$"
_SERVED = frozenset({WheelState.PUBLISHED, WheelState.SUPERSEDED})


def _name(text: str) -> ProjectName:
    """Take a name that is normalised already: it becomes part of a path."""
    name = parse_project_name(text)
    if name != text:
        raise InvalidName(repr(text), "This name is not normalised")
    return name


def _checked_name(text: str) -> ProjectName:
    try:
        return _name(text)
    except InvalidName as error:
        raise ValueError(str(error)) from None


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class ChangeMessage(_Told):
    """A project that has changed; with `waits` its pages are still to be written."""

    name: Annotated[str, AfterValidator(_checked_name)]
    serial: int = Field(ge=0)
    waits: bool = False


class ChangesPage(_Told):
    """A page of the feed: what has changed after a serial, up to and including `last`.

    `serial` is the last that the server has given to anything. `indexes` are its simple indexes, as
    folders. With `more` another page follows.
    """

    after: int = Field(ge=0)
    last: int = Field(ge=0)
    serial: int = Field(ge=0)
    more: bool
    indexes: Annotated[
        tuple[Annotated[str, Field(pattern=_INDEX)], ...], Field(max_length=100, strict=False)
    ]
    changes: Annotated[tuple[ChangeMessage, ...], Field(max_length=_MOST, strict=False)]


class WheelEntry(_Told):
    """A wheel in a project's document."""

    filename: str
    path: str
    size: int = Field(gt=0)
    sha256: str
    state: str
    provenance: str | None = None


class ProjectDocument(_Told):
    """A project's document, `/project/NAME/index.json`, as far as it matters to a mirror."""

    name: str
    wheels: Annotated[tuple[WheelEntry, ...], Field(strict=False)]


def read_changes(data: bytes, *, after: int) -> ChangesPage:
    """Read a page of the feed.

    Raises:
        InvalidPage: if it is none, or does not go on from `after`.
    """
    try:
        page = ChangesPage.model_validate_json(data)
    except ValidationError as error:
        raise InvalidPage(CHANGES_PATH, _first_fault(error)) from None
    serials = [change.serial for change in page.changes]
    goes_on = all(serial > after for serial in serials) and serials == sorted(serials)
    if page.after != after or page.last < after or not goes_on or (page.more and not serials):
        raise InvalidPage(CHANGES_PATH, f"It does not go on from {after}")
    return page


def read_project(data: bytes, project: ProjectName) -> ProjectDocument:
    """Read a project's document, and make sure that its wheels are where they must be.

    Raises:
        InvalidPage: if it is none, or a wheel is another project's, or lies anywhere else.
    """
    try:
        document = ProjectDocument.model_validate_json(data)
    except ValidationError as error:
        raise InvalidPage(project, _first_fault(error)) from None
    if document.name != project:
        raise InvalidPage(project, f"The document is about {document.name[:80]!r}")
    for wheel in document.wheels:
        _check_wheel(wheel, project)
    return document


def served(document: ProjectDocument) -> dict[str, WheelEntry]:
    """Return the wheels of a document whose URLs answer, by their paths."""
    return {wheel.path: wheel for wheel in document.wheels if wheel.state in _SERVED}


def _check_wheel(wheel: WheelEntry, project: ProjectName) -> None:
    try:
        sha256, filename = parse_sha256(wheel.sha256), parse_filename(wheel.filename)
        owner = parse_wheel_name(filename).project
    except InvalidName as error:
        raise InvalidPage(project, str(error)) from None
    if owner != project:
        raise InvalidPage(project, f"{filename} is a wheel of {owner}")
    if wheel.path != package_path(sha256, filename):
        raise InvalidPage(project, f"{filename} is not at the place that its SHA-256 makes")
    if wheel.provenance not in {None, f"{wheel.path}.provenance"}:
        raise InvalidPage(project, f"The provenance of {filename} is not beside it")


def page_serial(data: bytes, project: ProjectName) -> int:
    """Return the serial of a page of a simple index in JSON.

    Raises:
        InvalidPage: if it has none, or is another project's page.
    """
    document = _object(data, project)
    meta = document.get("meta")
    serial = meta.get("_last-serial") if isinstance(meta, dict) else None
    if document.get("name") != project or not isinstance(serial, int):
        raise InvalidPage(project, "It is no page of this project with a serial")
    return serial


def page_files(
    data: bytes, project: ProjectName, *, is_overlay: bool
) -> Iterable[tuple[Filename, Sha256, str, str]]:
    """Yield filename, SHA-256, URL, and the METADATA's SHA-256 or "", of a page's files.

    Of an overlay's page those are left out that lie on another server: they are upstream's.

    Raises:
        InvalidPage: if the page cannot be read.
    """
    document = _object(data, project)
    try:
        for file in document["files"]:
            if is_overlay and str(file["url"]).startswith(("https://", "http://")):
                continue
            metadata = file.get("core-metadata")
            yield (
                parse_filename(file["filename"]),
                parse_sha256(file["hashes"]["sha256"]),
                str(file["url"]),
                parse_sha256(metadata["sha256"]) if isinstance(metadata, dict) else "",
            )
    except (KeyError, TypeError, AttributeError, InvalidName):
        raise InvalidPage(project, "A file on its page lacks a name, a URL or a hash") from None


def _object(data: bytes, project: ProjectName) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidPage(project, "It is no JSON object")
    return document


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
