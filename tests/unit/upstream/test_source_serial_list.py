"""The list of serials over real sockets, whole, broken, hostile and large."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from fake_upstream import LIST_PATH, FakeUpstream, Fault
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.errors import InvalidPage, SourceMissing, UpstreamUnavailable
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.serial_list import SerialList
from wheelyard.upstream.source import Changes

DAY = timedelta(days=1)
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture
def serial_list(fake: FakeUpstream) -> Iterator[SerialList]:
    clock = SettableClock()
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        exchange = Exchange(client, fake.url, clock=clock)
        yield SerialList(exchange, clock=clock, every=DAY, batch=3)


def told(batches: list[Changes]) -> dict[str, int | None]:
    return {project.name: project.serial for batch in batches for project in batch.projects}


def served(document: object) -> Fault:
    return Fault(body=json.dumps(document).encode(), content_type=JSON)


def test_every_project_comes_with_its_serial(fake: FakeUpstream, serial_list: SerialList) -> None:
    for name in ("First", "second.project"):
        fake.add_project(name)
    assert told(list(serial_list.changes(None))) == {"first": 2, "second-project": 3}
    assert fake.requests[0].headers["accept"] == JSON


def test_the_last_batch_ends_the_listing(fake: FakeUpstream, serial_list: SerialList) -> None:
    for number in range(7):
        fake.add_project(f"p{number}")
    batches = list(serial_list.changes(None))
    assert [len(batch.projects) for batch in batches] == [3, 3, 1, 0]
    assert [batch.ends_listing for batch in batches] == [False, False, False, True]
    assert all(batch.listing for batch in batches)
    assert (batches[-1].serial, batches[-1].told_until) == (8, SettableClock().now())


def test_serials_may_be_texts(fake: FakeUpstream, serial_list: SerialList) -> None:
    fake.add_project("demo").serial = "42"
    assert told(list(serial_list.changes(None))) == {"demo": 42}


def test_other_fields_are_passed_over_however_deep_they_are(
    fake: FakeUpstream, serial_list: SerialList
) -> None:
    deep: object = {"name": "inner", "_last-serial": 9, "projects": [{"name": "inner"}]}
    for _ in range(100):
        deep = [{"projects": deep}]
    entry = {"name": "demo", "x": deep, "_last-serial": 7, "y": {"name": "other"}}
    document = {"meta": deep, "projects": [entry], "more": [{"name": "no", "_last-serial": 1}]}
    fake.fail(LIST_PATH, served(document))
    assert told(list(serial_list.changes(None))) == {"demo": 7}


@pytest.mark.parametrize(
    "entry",
    [
        {"name": 7, "_last-serial": 1},
        {"name": None},
        {"name": ["demo"]},
        {"name": "not a name!"},
        {"name": "x" * 1000},
        {"name": "\ud800"},
        {},
        "demo",
        None,
        ["name", "demo"],
        [],
    ],
)
def test_entries_of_a_wrong_shape_are_passed_over(
    fake: FakeUpstream, serial_list: SerialList, entry: object
) -> None:
    good = {"name": "demo", "_last-serial": 7}
    fake.fail(LIST_PATH, served({"projects": [entry, good, entry]}))
    assert told(list(serial_list.changes(None))) == {"demo": 7}


@pytest.mark.parametrize("serial", [-1, 2**63, 1.5, True, None, "x", [7], {"a": 1}, 10**400])
def test_a_serial_that_is_none_is_left_out(
    fake: FakeUpstream, serial_list: SerialList, serial: object
) -> None:
    projects = [{"name": "demo", "_last-serial": serial}, {"name": "ok", "_last-serial": 7}]
    fake.fail(LIST_PATH, served({"projects": projects}))
    assert told(list(serial_list.changes(None))) == {"demo": None, "ok": 7}


def test_a_list_in_html_is_none(fake: FakeUpstream, serial_list: SerialList) -> None:
    fake.serves_json = False
    with pytest.raises(SourceMissing):
        list(serial_list.changes(None))


def test_a_list_without_serials_is_none(fake: FakeUpstream, serial_list: SerialList) -> None:
    fake.serves_serials = False
    fake.add_project("demo")
    with pytest.raises(SourceMissing):
        list(serial_list.changes(None))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"7",
        b"null",
        b'{"projects": {}}',
        b'{"projects": []}',
        b'{"projects": {"a": {"name": "demo", "_last-serial": 7}}}',
        b'{"projects": null}',
        b'[{"name": "demo", "_last-serial": 7}]',
        b"<html></html>",
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"projects": [{"name": "\xff"}]}',
    ],
)
def test_what_is_no_list_is_refused(
    fake: FakeUpstream, serial_list: SerialList, body: bytes
) -> None:
    fake.fail(LIST_PATH, Fault(body=body, content_type=JSON))
    with pytest.raises(InvalidPage):
        list(serial_list.changes(None))


def cut(whole: bytes, at: int) -> Fault:
    return Fault(body=whole[:at], content_type=JSON)


def test_a_list_that_is_cut_anywhere_never_ends(
    fake: FakeUpstream, serial_list: SerialList
) -> None:
    entries = [{"name": f"p{number}", "_last-serial": number + 1} for number in range(4)]
    whole = json.dumps({"projects": entries, "meta": {}}).encode()
    for length in range(0, len(whole), 5):
        fake.fail(LIST_PATH, cut(whole, length))
        batches: list[Changes] = []
        with pytest.raises((InvalidPage, SourceMissing)):
            batches.extend(serial_list.changes(None))
        assert not any(batch.ends_listing for batch in batches)


def test_a_connection_that_breaks_off_ends_no_listing(
    fake: FakeUpstream, serial_list: SerialList
) -> None:
    for number in range(10):
        fake.add_project(f"p{number}")
    fake.fail(LIST_PATH, Fault(truncated_to=300))
    with pytest.raises(UpstreamUnavailable):
        list(serial_list.changes(None))


def test_a_list_that_is_too_large_is_refused(
    fake: FakeUpstream, serial_list: SerialList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wheelyard.upstream.serial_list._MAX_BYTES", 200)
    for number in range(10):
        fake.add_project(f"p{number}")
    with pytest.raises(InvalidPage, match="larger than 200 bytes"):
        list(serial_list.changes(None))


def test_a_list_of_many_megabytes_is_never_whole_in_memory(
    fake: FakeUpstream, client: httpx2.Client
) -> None:
    entry = b'{"name": "project-%07d", "_last-serial": %d}'
    body = b'{"projects": [%s]}' % b",".join(entry % (n, n + 1) for n in range(100_000))
    fake.fail(LIST_PATH, Fault(body=body, content_type=JSON))
    clock = SettableClock()
    serials = SerialList(Exchange(client, fake.url, clock=clock), clock=clock, every=DAY)
    tracemalloc.start()
    try:
        count = sum(len(batch.projects) for batch in serials.changes(None))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < len(body) / 2


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        yield client
