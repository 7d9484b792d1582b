"""The index that this machine is really configured for: one project, read once."""

from datetime import timedelta

import pytest

from wheelyard.client import http_client
from wheelyard.model.names import FileKind, parse_project_name
from wheelyard.model.project import newest_final, releases
from wheelyard.upstream.index import Upstream, default_index_url

pytestmark = pytest.mark.system


def test_a_project_of_the_configured_index_can_be_read() -> None:
    spidev = parse_project_name("spidev")
    with http_client(contact="tests of wheelyard", timeout=timedelta(seconds=30)) as client:
        page = Upstream(client, default_index_url()).project_page(spidev)

    by_version = releases(page)
    newest = newest_final(list(by_version))
    assert newest is not None
    (sdist,) = by_version[newest].files_of_kind(FileKind.SDIST)
    assert sdist.sha256 is not None
    assert sdist.url.startswith("http")
