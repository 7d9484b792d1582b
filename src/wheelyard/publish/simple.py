"""The simple repository API 1.4, in JSON and in HTML; pure text from values.

The specification is https://packaging.python.org/specifications/simple-repository-api/. Pages are
made without templates, and everything that came from outside is escaped.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from packaging.version import Version

from wheelyard.model.names import Filename, ProjectName
from wheelyard.model.project import ProjectStatus

API_VERSION = "1.4"
_WITHOUT_SIZES = "1.0"
"""The newest version in which a file need not tell its size: strict readers refuse it in others."""

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_NO_VERSION = Version("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file on a project's page, ours or one of upstream's.

    `url` is relative to the page or absolute, `size` is in bytes, `hashes` maps algorithms to
    digests. `core_metadata` holds the digests of what is served under the URL with `.metadata`
    added (PEP 658), or whether there is such a thing, or None where that is not known. `provenance`
    is PEP 740's and comes from upstream only, `statement` is where our own signed one is. What
    upstream does not tell is None.
    """

    filename: Filename
    url: str
    version: Version | None
    hashes: Mapping[str, str]
    size: int | None = None
    uploaded_at: datetime | None = None
    requires_python: str | None = None
    core_metadata: Mapping[str, str] | bool | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    provenance: str | None = None
    statement: str | None = None
    gpg_sig: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    """A project's page: its files, its status with the reason, and our last serial for it."""

    name: ProjectName
    serial: int
    files: tuple[IndexFile, ...] = ()
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str | None = None


def index_page(page: IndexPage) -> IndexPage:
    """Return the page as it may be shown.

    A quarantined project offers no files (PEP 792). A filename is on a page once: the file that
    was uploaded first keeps it, because a name never gets other bytes.
    """
    unique: dict[str, IndexFile] = {}
    if page.status is not ProjectStatus.QUARANTINED:
        for file in sorted(page.files, key=_age):
            unique.setdefault(file.filename, file)
    files = sorted(unique.values(), key=_order)
    return IndexPage(
        name=page.name,
        serial=page.serial,
        files=tuple(files),
        status=page.status,
        status_reason=page.status_reason,
    )


def _age(file: IndexFile) -> tuple[datetime, str]:
    return file.uploaded_at or _ALWAYS, file.hashes.get("sha256", "")


def _order(file: IndexFile) -> tuple[bool, Version, str]:
    """Put files without a version, which no installer takes, before the others."""
    return file.version is not None, file.version or _NO_VERSION, file.filename


def project_json(page: IndexPage) -> bytes:
    """Return a project's page as `application/vnd.pypi.simple.v1+json` (PEP 691, 700, 714, 792)."""
    shown = index_page(page)
    document: dict[str, Any] = {
        "meta": {"api-version": _json_version(shown), "_last-serial": shown.serial},
        "name": shown.name,
        "versions": [str(version) for version in _versions(shown.files)],
        "files": [_file_json(file) for file in shown.files],
    }
    if shown.status is not ProjectStatus.ACTIVE:
        status = {"status": shown.status.value}
        if shown.status_reason:
            status["reason"] = shown.status_reason
        document["project-status"] = status
    return _json(document)


def _json_version(page: IndexPage) -> str:
    """Return the version of the API that a page in JSON obeys: an upstream may tell no sizes."""
    return _WITHOUT_SIZES if any(file.size is None for file in page.files) else API_VERSION


def _versions(files: Iterable[IndexFile]) -> list[Version]:
    return sorted({file.version for file in files if file.version is not None})


def project_html(page: IndexPage) -> bytes:
    """Return a project's page as `application/vnd.pypi.simple.v1+html` (PEP 503, 592, 658, 792)."""
    shown = index_page(page)
    status = ""
    if shown.status is not ProjectStatus.ACTIVE:
        status = _meta("pypi:project-status", shown.status.value)
        if shown.status_reason:
            status += _meta("pypi:project-status-reason", shown.status_reason)
    links = "".join(_file_html(file) for file in shown.files)
    return _html(f"Links for {shown.name}", status, links, shown.serial)


def list_json(projects: Iterable[tuple[ProjectName, int]], *, serial: int) -> bytes:
    """Return the list of projects, each with our last serial for it, as JSON (PEP 691)."""
    return _json(
        {
            "meta": {"api-version": API_VERSION, "_last-serial": serial},
            "projects": [{"name": name, "_last-serial": last} for name, last in sorted(projects)],
        }
    )


def list_html(projects: Iterable[tuple[ProjectName, int]], *, serial: int) -> bytes:
    """Return the list of projects as HTML (PEP 503)."""
    links = "".join(
        f'<a href="{escape(name)}/">{escape(name)}</a><br>\n' for name, _ in sorted(projects)
    )
    return _html("Simple index", "", links, serial)


def _file_json(file: IndexFile) -> dict[str, Any]:
    """Return one file's object; it never holds `dist-info-metadata`, which breaks old pips."""
    shown: dict[str, Any] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": dict(file.hashes),
        "yanked": (file.yanked_reason or True) if file.yanked else False,
    }
    told = {
        "size": file.size,
        "upload-time": None if file.uploaded_at is None else _utc(file.uploaded_at),
        "core-metadata": file.core_metadata,
        "requires-python": file.requires_python or None,
        "gpg-sig": file.gpg_sig,
        "provenance": file.provenance,
        "_wheelyard-provenance": file.statement,
    }
    return shown | {key: value for key, value in told.items() if value is not None}


def _file_html(file: IndexFile) -> str:
    digest = _digest(file.hashes)
    attributes = {"href": f"{file.url}#{digest}" if digest else file.url}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.core_metadata:
        known = None if file.core_metadata is True else _digest(file.core_metadata)
        attributes["data-core-metadata"] = known or "true"
        attributes["data-dist-info-metadata"] = known or "true"
    if file.gpg_sig is not None:
        attributes["data-gpg-sig"] = "true" if file.gpg_sig else "false"
    if file.provenance:
        attributes["data-provenance"] = file.provenance
    if file.yanked:
        attributes["data-yanked"] = file.yanked_reason or ""
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{escape(file.filename)}</a><br>\n"


def _digest(hashes: Mapping[str, str]) -> str | None:
    """Return one `algorithm=digest`: SHA-256 if there is one, else the first by name."""
    name = "sha256" if "sha256" in hashes else min(hashes, default=None)
    return None if name is None else f"{name}={hashes[name]}"


def _html(title: str, head: str, links: str, serial: int) -> bytes:
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n'
        '<meta charset="utf-8">\n'
        f"{_meta('pypi:repository-version', API_VERSION)}{head}"
        f"<title>{escape(title)}</title>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{links}</body>\n</html>\n"
        f"<!--SERIAL {serial}-->\n"
    ).encode()


def _meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{escape(content)}">\n'


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()


def _utc(time: datetime) -> str:
    """Write a time in UTC with `Z`; a second has at most six decimals (PEP 700)."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
