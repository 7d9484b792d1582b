"""What the fake upstream index shows, as bytes: simple API 1.4 and the older JSON documents."""

import hashlib
import json
from html import escape
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from fake_upstream import FakeFile, FakeProject, FakeUpstream

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


def json_list(fake: "FakeUpstream") -> bytes:
    shown = fake.shown_list()
    if not fake.serves_serials:
        names = [{"name": project.display_name} for project in shown]
        return _dump({"meta": {"api-version": "1.4"}, "projects": names})
    projects = [{"name": project.display_name, "_last-serial": project.serial} for project in shown]
    meta = {"api-version": "1.4", "_last-serial": list_serial(fake)}
    return _dump({"meta": meta, "projects": projects})


def list_serial(fake: "FakeUpstream") -> int:
    return max((int(project.serial) for project in fake.shown_list()), default=0)


def html_list(fake: "FakeUpstream") -> bytes:
    links = [
        f'<a href="/simple/{canonicalize_name(project.display_name)}/">'
        f"{escape(project.display_name)}</a><br>"
        for project in fake.shown_list()
    ]
    return _document("Simple index", links)


def json_page(project: "FakeProject") -> bytes:
    page: dict[str, object] = {
        "meta": {"api-version": "1.4", "_last-serial": project.serial},
        "name": canonicalize_name(project.display_name),
        "versions": sorted({version_of(file.filename) for file in project.shown_files}),
        "files": [_json_file(file) for file in project.shown_files],
    }
    if project.status is not None:
        page["project-status"] = {"status": project.status, "reason": project.status_reason}
    return _dump(page)


def _json_file(file: "FakeFile") -> dict[str, object]:
    return {
        "filename": file.filename,
        "url": file.path,
        "hashes": {"sha256": file.sha256},
        "size": len(file.content),
        "requires-python": file.requires_python,
        "yanked": file.yanked,
        "upload-time": _time(file),
        "core-metadata": _metadata_hashes(file),
    }


def html_page(project: "FakeProject", *, bare: bool) -> bytes:
    head = []
    if not bare:
        head.append('<meta name="pypi:repository-version" content="1.4">')
    if project.status is not None:
        head.append(f'<meta name="pypi:project-status" content="{escape(project.status)}">')
    if project.status_reason is not None:
        reason = escape(project.status_reason)
        head.append(f'<meta name="pypi:project-status-reason" content="{reason}">')
    links = [_html_file(file, bare=bare) for file in project.shown_files]
    serial = [] if bare else [f"<!--SERIAL {project.serial}-->"]
    name = canonicalize_name(project.display_name)
    return _document(f"Links for {name}", links + serial, head=head)


def _html_file(file: "FakeFile", *, bare: bool) -> str:
    attributes = {"href": f"{file.path}#sha256={file.sha256}"}
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    if not bare:
        metadata = _metadata_hashes(file)
        if isinstance(metadata, dict):
            attributes["data-core-metadata"] = f"sha256={metadata['sha256']}"
        if file.yanked is not False:
            attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
        time = _time(file)
        if time is not None:
            attributes["data-upload-time"] = time
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{escape(file.filename)}</a><br>"


def details(project: "FakeProject", root: str) -> bytes:
    releases: dict[str, list[dict[str, object]]] = {}
    for file in project.shown_files:
        releases.setdefault(version_of(file.filename), []).append(_details_file(file, root))
    newest = next(reversed(releases), "")
    return _dump(
        {
            "info": {
                "name": project.display_name,
                "version": newest,
                "summary": project.summary,
            },
            "last_serial": project.serial,
            "releases": releases,
            "urls": releases.get(newest, []),
        }
    )


def _details_file(file: "FakeFile", root: str) -> dict[str, object]:
    time = _time(file)
    return {
        "filename": file.filename,
        "url": root + file.path,
        "digests": {"sha256": file.sha256},
        "size": len(file.content),
        "requires_python": file.requires_python,
        "upload_time": time.partition(".")[0] if time else None,
        "upload_time_iso_8601": time,
        "yanked": file.yanked is not False,
        "yanked_reason": file.yanked if isinstance(file.yanked, str) else None,
    }


def version_of(filename: str) -> str:
    """Return the version that a filename says, as text."""
    if filename.endswith(".whl"):
        return str(parse_wheel_filename(filename)[1])
    return str(parse_sdist_filename(filename)[1])


def _metadata_hashes(file: "FakeFile") -> dict[str, str] | bool:
    if file.metadata is None:
        return False
    return {"sha256": hashlib.sha256(file.metadata).hexdigest()}


def _time(file: "FakeFile") -> str | None:
    if file.uploaded_at is None:
        return None
    return file.uploaded_at.isoformat().replace("+00:00", "Z")


def _document(title: str, lines: list[str], *, head: list[str] | None = None) -> bytes:
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f"<html><head>{''.join(head or [])}<title>{escape(title)}</title></head>",
            f"<body><h1>{escape(title)}</h1>",
            *lines,
            "</body></html>",
        ]
    ).encode()


def _dump(document: object) -> bytes:
    return json.dumps(document).encode()
