"""What a request to an index was for, from its path; pure."""

import re
from urllib.parse import unquote

from wheelyard.errors import InvalidName
from wheelyard.model.download import Request, RequestKind
from wheelyard.model.names import parse_filename, parse_project_name

_LONGEST = 1000
"""No path that counts is longer, even if every character of a filename is escaped."""

_METADATA = ".metadata"
_SITE = re.compile(r"https?://[^/]*(?=/)", re.IGNORECASE)
_HASHED = re.compile(r"/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/")
_WHEEL_DASHES = (4, 5)
_INDEX = r"index\.(?:html|json)"
_PROJECTS = (
    (re.compile(r"/project/([^/]+)/(?:index\.)?json/?"), RequestKind.JSON),
    (re.compile(r"/(?:[^/]+/){0,2}pypi/([^/]+)/(?:[^/]+/)?json/?"), RequestKind.JSON),
    (re.compile(r"/project/([^/]+)/?(?:(?<=/)index\.html)?"), RequestKind.PAGE),
    (
        re.compile(rf"/(?:[^/]+/){{0,3}}simple/(?!{_INDEX}$)([^/]+)/?(?:(?<=/){_INDEX})?"),
        RequestKind.SEARCH,
    ),
)


def read_target(target: str) -> Request | None:
    """Tell what a path (with its query, escaped) asked an index for; None if nothing we count."""
    if len(target) > _LONGEST:
        return None
    path = unquote(_SITE.sub("", target, count=1).partition("?")[0].partition("#")[0])
    if not path.isascii() or not path.isprintable():
        return None
    path = re.sub("/{2,}", "/", path)
    try:
        return _file(path) or _of_project(path)
    except InvalidName:
        return None


def _file(path: str) -> Request | None:
    folder, slash, name = path.rpartition("/")
    filename = name.removesuffix(_METADATA)
    if not _is_distribution(filename):
        return None
    hashed = _HASHED.fullmatch(folder + slash)
    return Request(
        RequestKind.DOWNLOAD if name == filename else RequestKind.METADATA,
        parse_filename(filename),
        "".join(hashed.groups()) if hashed else None,
    )


def _is_distribution(filename: str) -> bool:
    """Tell by its form whether a name is a wheel's or an sdist's; a server has other files, too."""
    if filename.endswith(".whl"):
        return filename.count("-") in _WHEEL_DASHES
    return filename.endswith((".tar.gz", ".zip")) and "-" in filename


def _of_project(path: str) -> Request | None:
    for pattern, kind in _PROJECTS:
        found = pattern.fullmatch(path)
        if found is not None:
            return Request(kind, parse_project_name(found[1]))
    return None
