"""`/pypi/NAME/json`, as mirrors and people's scripts know it, from a page of the simple API; pure.

The form is that of PyPI's JSON API. What we do not know is null or empty, as there.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

from packaging.metadata import RawMetadata, parse_email
from packaging.version import Version

from wheelyard.model.names import FileKind, ParsedFilename, ProjectName, read_filename

Page = Mapping[str, Any]
"""A project's page of the simple API, as `publish.simple.project_json` wrote it."""

_KINDS = {FileKind.WHEEL: "bdist_wheel", FileKind.SDIST: "sdist"}
_TEXTS = (
    "author",
    "author_email",
    "description",
    "description_content_type",
    "download_url",
    "home_page",
    "license",
    "license_expression",
    "maintainer",
    "maintainer_email",
    "requires_python",
    "summary",
)
_LISTS = ("dynamic", "license_files", "provides_extra", "requires_dist")


def described_version(page: Page) -> Version | None:
    """Return the version that the document is about if none is named; None if the page has none.

    The newest final release that is not yanked; else the newest that is not, else the newest.
    """
    by_version: dict[Version, bool] = {}
    for file, parsed in _parsed(page):
        if parsed.version is not None:
            is_yanked = bool(file["yanked"]) and by_version.get(parsed.version, True)
            by_version[parsed.version] = is_yanked
    return max(
        by_version,
        key=lambda version: (not by_version[version], not version.is_prerelease, version),
        default=None,
    )


def own_wheel(page: Page, version: Version) -> str | None:
    """Return the URL, relative to the page, of a wheel of ours of a version; None if there is none.

    Its METADATA, which is served beside it, describes the release.
    """
    for file, parsed in _parsed(page):
        url: str = file["url"]
        if parsed.version == version and "_wheelyard-provenance" in file:
            return url
    return None


def release_json(
    page: Page,
    *,
    page_url: str,
    project_url: str,
    version: Version,
    metadata: bytes | None,
) -> bytes | None:
    """Return what is known of a version, and the files of all; None if there is no such version.

    `page_url` is where the simple page is, from which its URLs are relative; `project_url` the page
    for people. `metadata` is the METADATA of a wheel of the version.
    """
    releases: dict[Version, list[dict[str, Any]]] = {}
    for file, parsed in _parsed(page):
        if parsed.version is not None:
            shown = _file(file, parsed, page_url)
            releases.setdefault(parsed.version, []).append(shown)
    if version not in releases:
        return None
    urls = releases[version]
    document = {
        "info": {
            **_info(page["name"], metadata),
            "version": str(version),
            "package_url": project_url,
            "project_url": project_url,
            "release_url": project_url,
            "yanked": all(file["yanked"] for file in urls),
            "yanked_reason": next(
                (file["yanked_reason"] for file in urls if file["yanked_reason"]), None
            ),
        },
        "last_serial": page["meta"]["_last-serial"],
        "releases": {str(known): releases[known] for known in sorted(releases)},
        "urls": urls,
        "vulnerabilities": [],
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()


def _parsed(page: Page) -> Iterable[tuple[Mapping[str, Any], ParsedFilename]]:
    name = ProjectName(page["name"])
    return ((file, read_filename(file["filename"], name)) for file in page["files"])


def _file(file: Mapping[str, Any], parsed: ParsedFilename, page_url: str) -> dict[str, Any]:
    uploaded_at: str | None = file.get("upload-time")
    yanked = file["yanked"]
    return {
        "comment_text": "",
        "digests": file["hashes"],
        "downloads": -1,
        "filename": file["filename"],
        "has_sig": bool(file.get("gpg-sig")),
        "md5_digest": file["hashes"].get("md5"),
        "packagetype": _KINDS.get(parsed.kind, "bdist_egg"),
        "python_version": _python_version(parsed),
        "requires_python": file.get("requires-python"),
        "size": file.get("size"),
        # To the second and without a zone in the one, exact and with it in the other.
        "upload_time": None if uploaded_at is None else uploaded_at[:19],
        "upload_time_iso_8601": uploaded_at,
        "url": urljoin(page_url, file["url"]),
        "yanked": bool(yanked),
        "yanked_reason": yanked if isinstance(yanked, str) else None,
    }


def _python_version(parsed: ParsedFilename) -> str:
    return ".".join(sorted({tag.interpreter for tag in parsed.tags})) or "source"


def _info(name: str, metadata: bytes | None) -> dict[str, Any]:
    raw: RawMetadata = {} if metadata is None else parse_email(metadata)[0]
    known: Mapping[str, Any] = raw
    return {
        "name": known.get("name", name),
        **{key: known.get(key) for key in _TEXTS},
        **{key: known.get(key) for key in _LISTS},
        "classifiers": known.get("classifiers", []),
        "keywords": ",".join(known.get("keywords", [])) or None,
        "platform": ",".join(known.get("platforms", [])) or None,
        "project_urls": known.get("project_urls"),
        "bugtrack_url": None,
        "docs_url": None,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
    }
