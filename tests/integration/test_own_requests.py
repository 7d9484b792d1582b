"""What our own web process was asked for, written down and counted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelyard.context import own_requests
from wheelyard.database.engine import reading
from wheelyard.database.statistics import statistics
from wheelyard.downloads.ingest import Counted, count_source
from wheelyard.downloads.saved import Saving
from wheelyard.downloads.sources import LogFolder
from wheelyard.model.download import ClientClass, RequestKind
from wheelyard.model.wheel import Wheel
from yard import Yard, make_yard

PIP = {"User-Agent": "pip/25.1 {}"}


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yield yard
    yard.engine.dispose()


@pytest.fixture
def wheel(yard: Yard) -> Wheel:
    yard.project("spam")
    wheel = yard.publish("spam")
    yard.publisher.tick()
    return wheel


def written(yard: Yard) -> list[dict[str, object]]:
    assert yard.state.request_log is not None
    yard.state.request_log.flush()
    files = own_requests(yard.settings).glob("*")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def count(yard: Yard) -> Counted:
    assert yard.state.request_log is not None
    yard.state.request_log.flush()
    source = LogFolder("own", own_requests(yard.settings), clock=yard.clock, removes=True)
    return count_source(yard.engine, source, clock=yard.clock, saving=Saving())


def test_what_was_fetched_is_counted_once(yard: Yard, wheel: Wheel) -> None:
    path = f"/{wheel.path}"
    for start in (0, 100):
        yard.client.get(path, headers=PIP | {"Range": f"bytes={start}-{start + 50}"})
    yard.client.get(path, headers=PIP)
    yard.client.head(path, headers=PIP)
    yard.client.get(f"{path}.metadata", headers=PIP)
    page = yard.client.get("/simple/spam/", headers=PIP)
    again = PIP | {"If-None-Match": page.headers["ETag"]}
    assert yard.client.get("/simple/spam/", headers=again).status_code == 304
    yard.client.get("/project/spam/", headers={"User-Agent": "Mozilla/5.0 Firefox/130.0"})
    yard.client.get("/simple/unknown/", headers=PIP)
    yard.client.get("/static/style.css", headers=PIP)

    assert count(yard).rejected == 0
    assert count(yard) == Counted(0, 0)
    with reading(yard.engine) as connection:
        found = statistics(connection, today=yard.clock.now().date())
    assert found.requests == {
        RequestKind.DOWNLOAD: {ClientClass.INSTALLER: 2},
        RequestKind.METADATA: {ClientClass.INSTALLER: 1},
        RequestKind.SEARCH: {ClientClass.INSTALLER: 2},
        RequestKind.PAGE: {ClientClass.BROWSER: 1},
    }


def test_no_address_is_written_down(yard: Yard, wheel: Wheel) -> None:
    yard.client.get(
        f"/{wheel.path}?from=203.0.113.9", headers=PIP | {"X-Forwarded-For": "203.0.113.9"}
    )
    [line] = written(yard)
    assert set(line) == {"time", "method", "path", "status", "agent", "range", "finished"}
    assert "testclient" not in str(line)


def test_a_visitor_does_not_notice_that_nothing_can_be_written(
    yard: Yard, wheel: Wheel, capsys: pytest.CaptureFixture[str]
) -> None:
    own_requests(yard.settings).write_text("a file where the folder should be")
    for _ in range(3):
        assert yard.client.get(f"/{wheel.path}", headers=PIP).status_code == 200
    assert yard.state.request_log is not None
    yard.state.request_log.flush()
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("request-log-unwritable") == 1


def test_hostile_headers_and_paths_are_written_as_one_line_each(yard: Yard, wheel: Wheel) -> None:
    hostile = '"\\ {"status": 200} \x7f' + "x" * 5000
    yard.client.get(f"/{wheel.path}", headers={"User-Agent": hostile})
    yard.client.get("/simple/spam/%0a%22,%22status%22:200/", headers=PIP)
    assert len(written(yard)) == 1
    assert count(yard) == Counted(1, 0)
