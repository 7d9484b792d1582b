"""One project of a mirror: what is to be copied, and what is to be removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from wheelyard.errors import HostileContent, InvalidPage, NotStored
from wheelyard.mirror.documents import (
    ProjectDocument,
    WheelEntry,
    page_files,
    page_serial,
    read_project,
    served,
)
from wheelyard.mirror.origin import Origin
from wheelyard.model.names import ProjectName
from wheelyard.model.wheel import provenance_path
from wheelyard.storage.packing import delete_page, put_page
from wheelyard.storage.store import Store

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
OVERLAY = "overlay/simple"
"""How the names of indexes end that have upstream's files too, and no list of projects."""

_DOCUMENT = "index.json"
"""The name of a project's document: the last thing that is written and that goes."""

_PAGES = {"index.html": "", "piwheels.json": "json/"}
"""What else there is of a project besides its pages on indexes, and below which path."""

_MAX_PROVENANCE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a project: how many wheels were copied and removed, and its serial.

    `serial` is what its pages say, None where no index has it.
    """

    wheels: int
    removed: int
    serial: int | None


def copy_project(
    origin: Origin, store: Store, project: ProjectName, *, indexes: Sequence[str]
) -> Copied:
    """Make the copy of a project what the server has.

    Files come first, then the pages that name them, then what pages name no more goes. The
    project's document comes last: as long as the old one is there, whoever was interrupted finds
    out what is to be removed.

    Raises:
        InvalidPage: if the server tells nonsense.
        HostileContent: if it sends other bytes than it announced.
        ServerUnavailable: if it does not answer as it should.
    """
    found = origin.get(f"/project/{project}/index.json")
    wanted = {} if found is None else served(read_project(found, project))
    before = served(_stored(store, project))
    pages = {index: _get_page(origin, project, index, accept=JSON) for index in indexes}
    promised = _promised(project, pages, wanted)
    copied = sum(
        _copy_wheel(origin, store, wheel, metadata=promised.get(path))
        for path, wheel in wanted.items()
    )
    for index, page in pages.items():
        _put_page(origin, store, project, index, page)
    gone = sorted(before.keys() - wanted.keys())
    for path in gone:
        for key in (path, f"{path}.metadata", provenance_path(path)):
            store.delete(key)
    _put_document(origin, store, project, found)
    serials = [page_serial(page, project) for page in pages.values() if page is not None]
    return Copied(copied, len(gone), min(serials, default=None))


def forget_project(store: Store, project: ProjectName, *, indexes: Sequence[str]) -> int:
    """Remove a project that the server has no more; return how many wheels went."""
    gone = served(_stored(store, project))
    for index in indexes:
        _delete_page(store, project, index)
    for path in gone:
        for key in (path, f"{path}.metadata", provenance_path(path)):
            store.delete(key)
    for name in (*_PAGES, _DOCUMENT):
        store.delete(f"project/{project}/{name}")
    return len(gone)


def _promised(
    project: ProjectName, pages: dict[str, bytes | None], wanted: dict[str, WheelEntry]
) -> dict[str, str]:
    """Return the digests of METADATA files by the paths of their wheels.

    Every file of ours that a page names must be one that the project's document has, with the
    same digest.
    """
    promised: dict[str, str] = {}
    for index, page in pages.items():
        if page is None:
            continue
        is_overlay = index.endswith(OVERLAY)
        for filename, sha256, url, metadata in page_files(page, project, is_overlay=is_overlay):
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                raise InvalidPage(project, f"{filename} on {index} lies on another server")
            path = unquote(urljoin(f"/{index}/{project}/", parts.path)).removeprefix("/")
            if path not in wanted or wanted[path].sha256 != sha256:
                raise InvalidPage(project, f"{index} has {filename}, the document has not")
            promised[path] = metadata
    return promised


def _copy_wheel(origin: Origin, store: Store, wheel: WheelEntry, *, metadata: str | None) -> bool:
    """Copy a wheel with what is beside it, unless it is there; true if the wheel was copied.

    A superseded wheel is on no page, so nobody tells the digest of its METADATA.
    """
    beside = provenance_path(wheel.path)
    if wheel.provenance is not None and _size(store, beside) is None:
        statement = origin.get(f"/{beside}", limit=_MAX_PROVENANCE)
        if statement is not None:
            store.put(beside, statement)
    if _size(store, f"{wheel.path}.metadata") is None:
        origin.copy(f"{wheel.path}.metadata", store, size=None, sha256=metadata or None)
    if _size(store, wheel.path) == wheel.size:
        return False
    if not origin.copy(wheel.path, store, size=wheel.size, sha256=wheel.sha256):
        raise HostileContent(wheel.path, "The server names it and does not have it")
    return True


def _get_page(origin: Origin, project: ProjectName, index: str, *, accept: str) -> bytes | None:
    """Return a page of an index; an overlay that has none leads to upstream's."""
    is_overlay = index.endswith(OVERLAY)
    return origin.get(f"/{index}/{project}/", accept=accept, may_lead_away=is_overlay)


def _put_page(
    origin: Origin, store: Store, project: ProjectName, index: str, page: bytes | None
) -> None:
    html = None if page is None else _get_page(origin, project, index, accept=HTML)
    if page is None or html is None:
        _delete_page(store, project, index)
        return
    put_page(store, f"{index}/{project}/index.json", page)
    put_page(store, f"{index}/{project}/index.html", html)


def _delete_page(store: Store, project: ProjectName, index: str) -> None:
    for name in ("index.json", "index.html"):
        delete_page(store, f"{index}/{project}/{name}")


def _put_document(
    origin: Origin, store: Store, project: ProjectName, document: bytes | None
) -> None:
    for name, path in _PAGES.items():
        body = None if document is None else origin.get(f"/project/{project}/{path}")
        if body is None:
            store.delete(f"project/{project}/{name}")
        else:
            store.put(f"project/{project}/{name}", body)
    if document is None:
        store.delete(f"project/{project}/{_DOCUMENT}")
    else:
        store.put(f"project/{project}/{_DOCUMENT}", document)


def _stored(store: Store, project: ProjectName) -> ProjectDocument:
    """Return the document of the last copy; an empty one if there is none, or it is broken."""
    try:
        return read_project(store.get(f"project/{project}/index.json"), project)
    except (NotStored, InvalidPage):
        return ProjectDocument(name=project, wheels=())


def _size(store: Store, key: str) -> int | None:
    try:
        return store.info(key).size
    except NotStored:
        return None
