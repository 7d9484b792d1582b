"""What an index tells about a project's files beside the simple page (`/pypi/NAME/json`).

Some indexes serve simple pages without sizes, upload times or yanks and tell these only here.
The simple page stays the source of truth: which files there are, where and with which digests,
comes from it alone, and a detail is taken only where both agree on the file's SHA-256.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from wheelyard.errors import InvalidName, InvalidPage
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.project import ProjectPage, UpstreamFile
from wheelyard.upstream.page import parse_document
from wheelyard.upstream.values import (
    MAX_SIZE,
    clean_filename,
    clean_hashes,
    clean_integer,
    clean_text,
    clean_time,
    clean_yank,
)

_MAX_SUMMARY = 1000
_MAX_OWNER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetails:
    """What is told about one file; `size` in bytes."""

    size: int | None
    uploaded_at: datetime | None
    yanked: bool
    yanked_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is told about a project; `files` by filename and SHA-256."""

    files: dict[tuple[str, str], FileDetails]
    display_name: str | None
    summary: str | None
    serial: int | None
    owner: str | None = None


def lacks_details(page: ProjectPage) -> bool:
    """Whether a page leaves out what an index may tell elsewhere."""
    return any(file.size is None or file.uploaded_at is None for file in page.files)


def parse_details(content: bytes, url: str) -> Details:
    """Read the document that came from `url`; what it leaves out or garbles is left out.

    Raises:
        InvalidPage: if it is not a JSON object with a mapping of releases.
    """
    document = parse_document(content, url)
    releases = document.get("releases")
    if not isinstance(releases, dict):
        raise InvalidPage(url, "It has no releases")
    info = document.get("info")
    info = info if isinstance(info, dict) else {}
    files: dict[tuple[str, str], FileDetails] = {}
    for entries in releases.values():
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                _add_file(files, entry)
    return Details(
        files=files,
        display_name=clean_text(info.get("name")),
        summary=clean_text(info.get("summary"), limit=_MAX_SUMMARY),
        serial=clean_integer(document.get("last_serial")),
        owner=_owner(document.get("ownership"), info),
    )


def _owner(ownership: object, info: dict[str, object]) -> str | None:
    """Return the organisation, else the first user with a role, else the author's name."""
    if isinstance(ownership, dict):
        organization = clean_text(ownership.get("organization"), limit=_MAX_OWNER)
        if organization:
            return organization
        roles = ownership.get("roles")
        for role in roles if isinstance(roles, list) else []:
            user = (
                clean_text(role.get("user"), limit=_MAX_OWNER) if isinstance(role, dict) else None
            )
            if user:
                return user
    return clean_text(info.get("author"), limit=_MAX_OWNER)


def _add_file(files: dict[tuple[str, str], FileDetails], entry: dict[str, object]) -> None:
    filename = clean_filename(entry.get("filename"))
    sha256 = clean_hashes(entry.get("digests")).get("sha256")
    if filename is None or sha256 is None:
        return
    yanked, _ = clean_yank(entry.get("yanked"))
    files[filename, sha256] = FileDetails(
        size=clean_integer(entry.get("size"), maximum=MAX_SIZE),
        uploaded_at=clean_time(entry.get("upload_time_iso_8601"))
        or clean_time(entry.get("upload_time")),
        yanked=yanked,
        yanked_reason=clean_text(entry.get("yanked_reason")) if yanked else None,
    )


def add_details(page: ProjectPage, details: Details) -> ProjectPage:
    """Fill in what a page leaves out.

    A page that marks any file as yanked knows of yanks, so only their reasons are filled in; one
    that marks none may not know of them, and then the details are believed: to build from a
    yanked release is worse than to wait for a page that is behind.
    """
    knows_yanks = any(file.yanked for file in page.files)
    files = tuple(_filled(file, details, knows_yanks=knows_yanks) for file in page.files)
    same_files = {(file.filename, file.sha256) for file in page.files} == details.files.keys()
    name = details.display_name
    return replace(
        page,
        files=files,
        display_name=page.display_name or (name if _is_spelling_of(name, page.name) else None),
        summary=page.summary or details.summary,
        owner=page.owner or details.owner,
        # Two documents with the same files were made from the same state of the project.
        serial=details.serial if page.serial is None and same_files else page.serial,
    )


def _is_spelling_of(text: str | None, project: ProjectName) -> bool:
    try:
        return text is not None and parse_project_name(text) == project
    except InvalidName:
        return False


def _filled(file: UpstreamFile, details: Details, *, knows_yanks: bool) -> UpstreamFile:
    known = details.files.get((file.filename, file.sha256 or ""))
    if known is None:
        return file
    yanked = file.yanked or (known.yanked and not knows_yanks)
    return replace(
        file,
        size=known.size if file.size is None else file.size,
        uploaded_at=file.uploaded_at or known.uploaded_at,
        yanked=yanked,
        yanked_reason=file.yanked_reason or (known.yanked_reason if yanked else None),
    )
