"""Simple pages of projects, in JSON and in HTML, as values: pure, and hostile until checked.

The simple repository API (PEP 503, 592, 629, 658, 691, 700, 714, 740, 792). Any minor version 1.x
is read, whatever else it brings; a major version that we do not know is refused. A page that
cannot be what it should be is refused whole, for an empty page would mean that all files were
deleted. A single file that cannot be used is left out, with one log event for the page. Of several
files with one name the first counts: names must be unique, and a later entry must not be able
to replace an earlier one.
"""

import json
import re
from collections.abc import Iterable

from wheelyard.errors import InvalidName, InvalidPage
from wheelyard.log import get_logger
from wheelyard.model.names import Filename, ProjectName, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.upstream.html import Link, read_html
from wheelyard.upstream.values import (
    MAX_SIZE,
    clean_core_metadata,
    clean_filename,
    clean_hashes,
    clean_integer,
    clean_specifier,
    clean_status,
    clean_text,
    clean_time,
    clean_yank,
    resolve,
    split_fragment,
)

_log = get_logger("upstream")
_API_VERSION = re.compile(r"([0-9]{1,4})(?:\.[0-9]{1,4})*")
_KNOWN_MAJOR = 1
_EXAMPLES = 5

_Dropped = list[str]
"""What could not be used, as texts that are safe to log."""


def parse_json(content: bytes, url: str, *, project: ProjectName) -> ProjectPage:
    """Read the JSON page of a project that came from `url` (PEP 691, 700, 714, 740, 792).

    Raises:
        InvalidPage: if it is not JSON, not a project's page, or the page of another project.
    """
    document = parse_document(content, url)
    meta = _mapping(document.get("meta"))
    _check_version(meta.get("api-version", "1.0"), url)
    entries = document.get("files")
    if not isinstance(entries, list):
        raise InvalidPage(url, "The page has no list of files")
    _check_name(document.get("name"), project, url)
    dropped: _Dropped = []
    files = _unique((_json_file(entry, url, dropped) for entry in entries), dropped)
    _report(dropped, project)
    status, status_reason = _json_status(document, meta, project)
    display_name = clean_text(document.get("name"))
    return ProjectPage(
        name=project,
        files=files,
        # The API asks for the normalised name here; only another spelling tells us something.
        display_name=display_name if display_name != project else None,
        status=status,
        status_reason=status_reason,
        serial=clean_integer(meta.get("_last-serial")),
    )


def parse_html(content: bytes, url: str, *, project: ProjectName) -> ProjectPage:
    """Read the HTML page of a project that came from `url` (PEP 503, 592, 629, 658, 714, 792).

    A page without any file is believed only if it says itself that it is a simple page, by its
    version or by its heading: a log-in page must not look like a project that lost all its files.

    Raises:
        InvalidPage: if it is not a project's page, or of an unknown version.
    """
    page = read_html(content, url)
    _check_version(page.meta.get("pypi:repository-version", "1.0"), url)
    dropped: _Dropped = []
    files = _unique((_html_file(link, page.base, dropped) for link in page.links), dropped)
    if not files and not page.says_what_it_is:
        raise InvalidPage(url, "It has no files and does not look like a simple page")
    _report(dropped, project)
    return ProjectPage(
        name=project,
        files=files,
        status=_status(page.meta.get("pypi:project-status"), project),
        status_reason=clean_text(page.meta.get("pypi:project-status-reason")),
        serial=page.serial,
    )


def parse_document(content: bytes, url: str) -> dict[str, object]:
    """Read bytes that should be a JSON object.

    Raises:
        InvalidPage: if they are not.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InvalidPage(url, "It is not valid JSON") from None
    if not isinstance(document, dict):
        raise InvalidPage(url, "It is not a JSON object")
    return document


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _shown(value: object) -> str:
    """Return a value as a short text of plain ASCII, safe to log; containers by their type."""
    if isinstance(value, str | int | float):
        return ascii(value)[:80]
    return f"a {type(value).__name__}"


def _check_version(value: object, url: str) -> None:
    """Refuse what is not version 1 of the API; any minor version is compatible (PEP 629)."""
    text = "1.0" if value is None else _shown(value).strip("' ")
    match = _API_VERSION.fullmatch(text)
    if not match or int(match[1]) != _KNOWN_MAJOR:
        raise InvalidPage(url, f"Version {text} of the simple API is not known here")


def _check_name(value: object, project: ProjectName, url: str) -> None:
    """Refuse the page of another project; a page that leaves its name out is taken at our word."""
    if value is None:
        return
    try:
        same = isinstance(value, str) and parse_project_name(value) == project
    except InvalidName:
        same = False
    if not same:
        raise InvalidPage(url, f"It is the page of {_shown(value)}, not of {project}")


def _json_file(entry: object, base: str, dropped: _Dropped) -> UpstreamFile | None:
    fields = _mapping(entry)
    link = fields.get("url")
    filename = clean_filename(fields.get("filename"))
    url = resolve(link, base=base)
    if filename is None or url is None:
        dropped.append(f"{_shown(fields.get('filename'))}: unusable name or URL")
        return None
    _, fragment_hashes = split_fragment(str(link))
    yanked, yanked_reason = clean_yank(fields.get("yanked"))
    gpg_sig = fields.get("gpg-sig")
    metadata = clean_core_metadata(fields.get("core-metadata"))
    if metadata is None:
        metadata = clean_core_metadata(fields.get("dist-info-metadata"))
    return UpstreamFile(
        filename=filename,
        url=url,
        hashes=fragment_hashes | clean_hashes(fields.get("hashes")),
        size=clean_integer(fields.get("size"), maximum=MAX_SIZE),
        requires_python=clean_specifier(fields.get("requires-python")),
        yanked=yanked,
        yanked_reason=yanked_reason,
        uploaded_at=clean_time(fields.get("upload-time")),
        core_metadata=metadata,
        provenance=resolve(fields.get("provenance"), base=base),
        gpg_sig=gpg_sig if isinstance(gpg_sig, bool) else None,
    )


def _html_file(link: Link, base: str, dropped: _Dropped) -> UpstreamFile | None:
    if not link.is_file:
        return None
    filename = clean_filename(link.filename)
    url = resolve(link.url, base=base)
    if filename is None or url is None:
        dropped.append(f"{_shown(link.filename)}: unusable name or URL")
        return None
    attributes = link.attributes
    _, hashes = split_fragment(link.url)
    return UpstreamFile(
        filename=filename,
        url=url,
        hashes=hashes,
        size=clean_integer(attributes.get("data-size"), maximum=MAX_SIZE),
        requires_python=clean_specifier(attributes.get("data-requires-python")),
        yanked="data-yanked" in attributes,
        yanked_reason=clean_text(attributes.get("data-yanked")),
        uploaded_at=clean_time(attributes.get("data-upload-time")),
        core_metadata=link.core_metadata,
        provenance=resolve(attributes.get("data-provenance") or None, base=base),
        gpg_sig=link.gpg_sig,
    )


def _unique(files: Iterable[UpstreamFile | None], dropped: _Dropped) -> tuple[UpstreamFile, ...]:
    by_name: dict[Filename, UpstreamFile] = {}
    for file in files:
        if file is None:
            continue
        if file.filename in by_name:
            dropped.append(f"{file.filename}: listed twice")
        else:
            by_name[file.filename] = file
    return tuple(by_name.values())


def _json_status(
    document: dict[str, object], meta: dict[str, object], project: ProjectName
) -> tuple[ProjectStatus, str | None]:
    """Read the status: an object at the top (PEP 792), elsewhere a bare word or kept in `meta`."""
    said = document.get("project-status")
    reason = document.get("project-status-reason")
    if said is None:
        said = meta.get("project-status")
        reason = meta.get("project-status-reason")
    if isinstance(said, dict):
        reason = said.get("reason")
        said = said.get("status")
    return _status(said, project), clean_text(reason)


def _status(value: object, project: ProjectName) -> ProjectStatus:
    status = clean_status(value)
    if status is None and value is not None:
        _log.warning("project-status-unknown", project=project, status=_shown(value))
    return status or ProjectStatus.ACTIVE


def _report(dropped: _Dropped, project: ProjectName) -> None:
    if dropped:
        _log.warning(
            "files-left-out", project=project, count=len(dropped), examples=dropped[:_EXAMPLES]
        )
