"""What other projects' parsers read from our pages: the same in both forms, and what we meant."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from installers import environment
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.publish.overlay import overlay_page
from wheelyard.publish.simple import (
    IndexFile,
    list_html,
    list_json,
    project_html,
    project_json,
)

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(600)]

NAME = parse_project_name("demo")
URL = "https://wheels.example.org/overlay/simple/demo/"
READER = """
import json, pathlib, sys
from urllib.parse import unquote, urljoin
from mousebender import simple
from pypi_simple import IndexPage, ProjectPage
from simple_repository import parser
from pypi_simple import ProjectStatus

URL = sys.argv[1]
page, html, projects, projects_html = (
    pathlib.Path(name).read_text("utf-8") for name in sys.argv[2:]
)

def one(filename, url, hashes, requires_python, yanked, metadata):
    digests = {name: hashes[name] for name in ("sha256", *sorted(hashes)) if name in hashes}
    first = dict(list(digests.items())[:1])
    return [filename, urljoin(URL, url), first, requires_python or None, yanked, metadata or None]

def by_mousebender(text, kind):
    found = simple.parse_project_details(text, kind, "demo")
    return [one(f["filename"], f["url"], f["hashes"], f.get("requires-python"),
                f.get("yanked", False) or ("yanked" in f and f["yanked"] == ""),
                f.get("core-metadata")) for f in found["files"]]

def by_pypi_simple(found):
    return [one(f.filename, f.url, f.digests, f.requires_python,
                (f.yanked_reason or True) if f.is_yanked else False,
                f.metadata_digests or f.has_metadata) for f in found.packages]

def by_simple_repository(found):
    # It escapes URLs once more.
    return [one(f.filename, unquote(f.url), f.hashes, f.requires_python, f.yanked or False,
                f.dist_info_metadata) for f in found.files]

JSON, HTML = "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html"
theirs = ProjectPage.from_json_data(json.loads(page), URL), ProjectPage.from_html("demo", html, URL)
lists = IndexPage.from_json_data(json.loads(projects)), IndexPage.from_html(projects_html)
print(json.dumps({
    "mousebender": [by_mousebender(page, JSON), by_mousebender(html, HTML)],
    "pypi-simple": [by_pypi_simple(each) for each in theirs],
    "simple-repository": [by_simple_repository(parser.parse_json_project_page(page)),
                          by_simple_repository(parser.parse_html_project_page(html, "demo"))],
    "statuses": [[each.status and each.status.value, each.status_reason] for each in theirs],
    "versions": [each.repository_version for each in theirs],
    "serials": [str(each.last_serial) for each in theirs],
    "provenance": [[p.provenance_url for p in each.packages] for each in theirs],
    "projects": [each.projects for each in lists] + [
        [p["name"] for p in simple.parse_project_index(projects, JSON)["projects"]],
        [p["name"] for p in simple.parse_project_index(projects_html, HTML)["projects"]],
        sorted(p.name for p in parser.parse_json_project_list(projects).projects),
        sorted(p.name for p in parser.parse_html_project_list(projects_html).projects),
    ],
}))
"""
SDIST = UpstreamFile(
    filename=Filename("demo-1.0.tar.gz"),
    url="https://files.example.org/demo-1.0.tar.gz",
    hashes={"sha256": "a" * 64, "blake2b_256": "b" * 64},
    size=100,
    requires_python=">=3.8,<4",
    uploaded_at=datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC),
    core_metadata=False,
    provenance="https://index.example.org/integrity/demo/1.0/demo-1.0.tar.gz/provenance",
)
UPSTREAM = (
    SDIST,
    replace(
        SDIST,
        filename=Filename("demo-2.0.tar.gz"),
        url="https://files.example.org/demo-2.0.tar.gz",
        yanked=True,
        provenance=None,
    ),
    UpstreamFile(
        filename=Filename("demo-2.0-py3-none-any.whl"),
        url="https://files.example.org/a%20b/demo-2.0-py3-none-any.whl",
        hashes={"md5": "d" * 32},
        size=1,
        yanked=True,
        yanked_reason='it "bites" <b>\u00fc & more',
        core_metadata=True,
        gpg_sig=True,
    ),
    UpstreamFile(
        filename=Filename("demo-0.1.exe"),
        url="https://files.example.org/demo-0.1.exe",
        hashes={},
        size=2,
    ),
)
OURS = IndexFile(
    filename=Filename("demo-2.0-1-cp311-cp311-linux_armv7l.whl"),
    url="../../../packages/aa/demo-2.0-1-cp311-cp311-linux_armv7l.whl",
    version=Version("2.0"),
    hashes={"sha256": "e" * 64},
    size=10,
    uploaded_at=datetime(2026, 11, 24, tzinfo=UTC),
    core_metadata={"sha256": "f" * 64},
    statement="../../../packages/aa/demo-2.0-1-cp311-cp311-linux_armv7l.whl.provenance",
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the parsers."""
    folder = tmp_path_factory.mktemp("tools")
    wanted = ("pypi-simple", "mousebender", "simple-repository")
    return environment("parsers", wanted, folder) / "bin/python"


@pytest.mark.parametrize(
    ("status", "reason", "sizes", "version"),
    [
        (ProjectStatus.ACTIVE, None, True, "1.4"),
        (ProjectStatus.DEPRECATED, 'use "eggs" <instead>', True, "1.4"),
        (ProjectStatus.ARCHIVED, None, False, "1.0"),
    ],
)
def test_strict_parsers_read_the_same_from_both_forms(
    python: Path,
    tmp_path: Path,
    *,
    status: ProjectStatus,
    reason: str | None,
    sizes: bool,
    version: str,
) -> None:
    files = [file if sizes else replace(file, size=None) for file in UPSTREAM]
    upstream = ProjectPage(name=NAME, files=tuple(files), status=status, status_reason=reason)
    page = overlay_page(upstream, [OURS], serial=7)
    projects = [(NAME, 7), (parse_project_name("a-b"), 3)]
    contents = {
        "page.json": project_json(page),
        "page.html": project_html(page),
        "list.json": list_json(projects, serial=7),
        "list.html": list_html(projects, serial=7),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    told = _read(python, tmp_path, list(contents))
    by_json, by_html = told["mousebender"]
    assert by_json == by_html
    for parser in ("pypi-simple", "simple-repository"):
        assert told[parser] == [by_json, by_json], parser
    assert [file[0] for file in by_json] == [
        "demo-0.1.exe",
        "demo-1.0.tar.gz",
        OURS.filename,
        "demo-2.0-py3-none-any.whl",
        "demo-2.0.tar.gz",
    ]
    assert by_json[3][4] == UPSTREAM[2].yanked_reason
    assert by_json[4][4] is True
    assert by_json[2][5] == {"sha256": "f" * 64}
    shown = None if status is ProjectStatus.ACTIVE else status.value
    assert told["statuses"] == [[shown, reason]] * 2
    assert told["versions"] == [version, "1.4"]
    assert told["serials"][0] == "7"
    assert told["provenance"] == [[None, SDIST.provenance, None, None, None]] * 2
    assert told["projects"] == [["a-b", "demo"]] * 6


def _read(python: Path, folder: Path, names: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", READER, URL, *names], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
