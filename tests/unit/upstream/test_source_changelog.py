"""The changelog over real sockets, from an index that means well or ill."""

import random
import xmlrpc.client
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from fake_upstream import CHANGELOG_PATH, FakeUpstream, Fault, rpc_fault
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.errors import InvalidPage, SourceMissing, UpstreamUnavailable
from wheelyard.upstream.changelog import Changelog
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.source import Changes

EVERY = timedelta(seconds=15)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def fake(clock: SettableClock) -> Iterator[FakeUpstream]:
    with FakeUpstream(clock=clock) as fake:
        yield fake


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        yield client


@pytest.fixture
def changelog(fake: FakeUpstream, client: httpx2.Client, clock: SettableClock) -> Changelog:
    exchange = Exchange(client, fake.url, clock=clock)
    return Changelog(exchange, clock=clock, every=EVERY, rows_a_call=3)


def beginning(changelog: Changelog) -> str | None:
    (first,) = changelog.changes(None)
    return first.cursor


def told(batches: list[Changes]) -> dict[str, int | None]:
    return {project.name: project.serial for batch in batches for project in batch.projects}


def answer(value: object) -> Fault:
    body = xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True)  # type: ignore[arg-type] # what must be refused
    return Fault(body=body.encode())


def rows(*entries: object) -> Fault:
    return answer(list(entries))


def test_it_begins_with_what_comes_from_now_on(fake: FakeUpstream, changelog: Changelog) -> None:
    fake.add_project("demo")
    (first,) = changelog.changes(None)
    assert (first.projects, first.serial) == ((), 2)
    assert told(list(changelog.changes(first.cursor))) == {}


def test_every_kind_of_event_is_a_change(fake: FakeUpstream, changelog: Changelog) -> None:
    cursor = beginning(changelog)
    fake.add_file("Demo.Project", b"x", "demo_project-1.0.tar.gz")
    fake.yank("demo-project", "demo_project-1.0.tar.gz")
    fake.touch("demo-project", "an action that nobody has heard of")
    fake.quarantine("demo-project")
    fake.clear_quarantine("demo-project")
    for _ in range(8):
        batches = list(changelog.changes(cursor))
        assert told(batches)["demo-project"] is not None
        cursor = batches[-1].cursor
        fake.touch("demo-project")


def test_a_removed_project_is_told(fake: FakeUpstream, changelog: Changelog) -> None:
    fake.add_project("demo")
    cursor = beginning(changelog)
    fake.remove("demo")
    assert told(list(changelog.changes(cursor))) == {"demo": 3}


def test_answers_that_are_full_are_followed_by_more(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    cursor = beginning(changelog)
    fake.journal.rows_a_call = 3
    names = [f"p{number}" for number in range(10)]
    for name in names:
        fake.add_project(name)
    batches = list(changelog.changes(cursor))
    assert list(told(batches)) == names
    assert len(fake.seen(CHANGELOG_PATH)) == 1 + 4


def test_after_a_stop_it_goes_on_with_the_batch_that_was_not_marked(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    cursor = beginning(changelog)
    fake.journal.rows_a_call = 3
    for number in range(7):
        fake.add_project(f"p{number}")
    first = next(changelog.changes(cursor))
    assert list(told(list(changelog.changes(first.cursor)))) == ["p3", "p4", "p5", "p6"]


def test_a_batch_in_between_tells_how_far_it_is(
    fake: FakeUpstream, changelog: Changelog, clock: SettableClock
) -> None:
    cursor = beginning(changelog)
    fake.journal.rows_a_call = 3
    for number in range(4):
        fake.add_project(f"p{number}")
    then = clock.now()
    clock.advance(timedelta(hours=1))
    until = [batch.told_until for batch in changelog.changes(cursor)]
    assert until == [then, clock.now()]


def test_events_that_come_late_and_out_of_order_are_all_told(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    cursor = beginning(changelog)
    chance = random.Random(7)
    fake.journal.shuffle = random.Random(8)
    fake.journal.holds = True
    names = [f"p{number}" for number in range(30)]
    for name in names:
        fake.add_project(name)
    order = fake.journal.held
    chance.shuffle(order)
    heard: list[str] = []
    for serial in order:
        fake.journal.release(serial)
        batches = list(changelog.changes(cursor))
        heard += told(batches)
        cursor = batches[-1].cursor
    assert sorted(heard) == sorted(names)


def test_a_name_that_is_none_is_passed_over(fake: FakeUpstream, changelog: Changelog) -> None:
    cursor = beginning(changelog)
    fake.fail(CHANGELOG_PATH, rows(["bad name!", None, 1, "create", 5], ["ok", None, 1, "x", 6]))
    assert told(list(changelog.changes(cursor))) == {"ok": 6}


@pytest.mark.parametrize(
    "entry",
    [
        ["demo", None, 1, "create", "7"],
        ["demo", None, 1, "create", True],
        ["demo", None, 1, "create", -7],
        ["demo", None, "now", "create", 7],
        ["demo", None, 1, "create"],
        ["demo", None, 1, "create", 7, 8],
        "demo",
        {"name": "demo"},
        None,
    ],
)
def test_rows_of_a_wrong_shape_are_passed_over(
    fake: FakeUpstream, changelog: Changelog, entry: object
) -> None:
    cursor = beginning(changelog)
    fake.fail(CHANGELOG_PATH, rows(entry, [None, None, 1, "x", 5], ["ok", None, 1, "x", 6]))
    assert told(list(changelog.changes(cursor))) == {"ok": 6}
    fake.fail(CHANGELOG_PATH, rows(entry))
    with pytest.raises(InvalidPage):
        list(changelog.changes(cursor))


@pytest.mark.parametrize("value", [7, "rows", None, {"a": 1}, True])
def test_what_is_no_list_is_refused(
    fake: FakeUpstream, changelog: Changelog, value: object
) -> None:
    cursor = beginning(changelog)
    fake.fail(CHANGELOG_PATH, answer(value))
    with pytest.raises(InvalidPage):
        list(changelog.changes(cursor))


@pytest.mark.parametrize("value", ["7", -1, [7], None, True, 7.0])
def test_a_last_serial_that_is_none_is_refused(
    fake: FakeUpstream, changelog: Changelog, value: object
) -> None:
    fake.fail(CHANGELOG_PATH, answer(value))
    with pytest.raises(InvalidPage):
        list(changelog.changes(None))


def test_pages_that_never_move_on_come_to_an_end(fake: FakeUpstream, changelog: Changelog) -> None:
    cursor = beginning(changelog)
    full = rows(*(["demo", None, 1, "x", serial] for serial in (5, 6, 7)))
    fake.fail(CHANGELOG_PATH, full)
    assert told(list(changelog.changes(cursor))) == {"demo": 7}
    assert len(fake.seen(CHANGELOG_PATH)) == 3


def test_a_journal_without_end_is_taken_a_page_at_a_time(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    cursor = beginning(changelog)
    serial = 0

    def endless(_method: str, _path: str) -> Fault:
        nonlocal serial
        serial += 3
        return rows(*([f"p{serial - i}", None, 1, "x", serial - i] for i in (2, 1, 0)))

    fake.misbehave = endless
    batches = changelog.changes(cursor)
    for _ in range(50):
        assert len(next(batches).projects) == 3
    assert serial == 150


def test_serials_that_go_back_are_noticed_and_read_again(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    fake.add_project("old")
    for _ in range(20):
        fake.touch("old")
    cursor = beginning(changelog)
    fake.journal.restore_backup(5)
    fake.add_project("new")
    batches = list(changelog.changes(cursor))
    assert told(batches) == {"old": None, "new": None}
    fake.add_project("newer")
    assert told(list(changelog.changes(batches[-1].cursor))) == {"newer": 7}


def test_a_journal_that_is_only_quiet_is_not_read_again(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    fake.add_project("old")
    cursor = beginning(changelog)
    for _ in range(3):
        (batch,) = changelog.changes(cursor)
        assert batch.projects == ()
        cursor = batch.cursor


@pytest.mark.parametrize("status", [404, 405, 410, 501])
def test_an_index_without_a_changelog_says_so(
    fake: FakeUpstream, changelog: Changelog, status: int
) -> None:
    fake.fail(CHANGELOG_PATH, Fault(status=status))
    with pytest.raises(SourceMissing):
        list(changelog.changes(None))


def test_a_page_for_people_is_no_changelog(fake: FakeUpstream, changelog: Changelog) -> None:
    fake.fail(CHANGELOG_PATH, Fault(body=b"<html>Hello", content_type="text/html"))
    with pytest.raises(SourceMissing):
        list(changelog.changes(None))


def test_a_method_that_is_unknown_is_a_changelog_that_is_missing(
    fake: FakeUpstream, changelog: Changelog
) -> None:
    fake.fail(CHANGELOG_PATH, Fault(body=rpc_fault(-32601, "unknown method")))
    with pytest.raises(SourceMissing):
        list(changelog.changes(None))


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault(status=500), None),
        (Fault(status=503, retry_after="17"), 17),
        (Fault(status=429), 30),
        (Fault(status=403), None),
        (Fault(reset=True), None),
        (Fault(truncated_to=100), None),
        (Fault(body=rpc_fault(-32500, "RuntimeError: no")), None),
        (Fault(body=rpc_fault(-32500, "HTTPTooManyRequests: may reset in 27 seconds.")), 27),
        (Fault(body=rpc_fault(-32500, "HTTPTooManyRequests: slower")), 30),
    ],
)
def test_an_index_that_does_not_answer_may_do_so_later(
    fake: FakeUpstream, changelog: Changelog, fault: Fault, wait: float | None
) -> None:
    fake.fail(CHANGELOG_PATH, fault)
    with pytest.raises(UpstreamUnavailable) as caught:
        list(changelog.changes(None))
    assert caught.value.retry_after == wait


def result(value: bytes) -> bytes:
    return b"".join(
        [
            b"<methodResponse><params><param><value>",
            value,
            b"</value></param></params></methodResponse>",
        ]
    )


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">%s]>
<methodResponse><params><param><value><string>&i;</string></value></param></params>
</methodResponse>""" % b"".join(
    b'<!ENTITY %c "%s">' % (97 + i, b"&%c;" % (96 + i) * 10) for i in range(1, 9)
)
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<methodResponse><params><param><value><string>&f;</string></value></param></params>
</methodResponse>"""


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        OUTSIDE,
        b"",
        b"<methodResponse>",
        b"<methodResponse></methodResponse>",
        b"<methodResponse><params></params></methodResponse>",
        b"<a/><b/>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<methodResponse><fault><value><int>7</int></value></fault></methodResponse>",
        b"<methodResponse><fault></fault></methodResponse>",
        b"</array>",
        b"<x><array></array></array>",
        b"<array>" * 100_000,
        result(b"<int>seven</int>"),
        result(b"<int>" + b"9" * 5000 + b"</int>"),
        result(b"<wrong>7</wrong>"),
        result(b"<int>&unknown;</int>"),
        result(b"<dateTime.iso8601>no</dateTime.iso8601>"),
        result(b"<base64>!!!a</base64>"),
        result(b"<struct><member><name>a</name></member></struct>"),
        result(b"<int>1</int></value></param><param><value><int>2</int>"),
    ],
)
def test_what_is_no_answer_is_refused(
    fake: FakeUpstream, changelog: Changelog, body: bytes
) -> None:
    fake.fail(CHANGELOG_PATH, Fault(body=body))
    with pytest.raises(InvalidPage):
        list(changelog.changes(None))


def test_a_body_that_is_too_large_is_not_read(
    fake: FakeUpstream, changelog: Changelog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wheelyard.upstream.rpc._MAX_BYTES", 1000)
    for without_length in (False, True):
        body = b"<a>" + b" " * 1_000_000 + b"</a>"
        fake.fail(CHANGELOG_PATH, Fault(body=body, without_length=without_length))
        with pytest.raises(InvalidPage, match="larger than 1000 bytes"):
            list(changelog.changes(None))


def test_a_body_that_takes_for_ever_is_given_up(
    fake: FakeUpstream, changelog: Changelog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wheelyard.upstream.rpc._LONGEST", timedelta(seconds=0.05))
    fake.fail(CHANGELOG_PATH, Fault(bytes_per_pause=1, pause_seconds=0.02))
    with pytest.raises(UpstreamUnavailable):
        list(changelog.changes(None))


def test_user_name_and_password_are_sent_and_never_shown(
    fake: FakeUpstream, client: httpx2.Client, clock: SettableClock
) -> None:
    url = fake.url.replace("http://", "http://user:secret@")
    changelog = Changelog(Exchange(client, url, clock=clock), clock=clock, every=EVERY)
    list(changelog.changes(None))
    assert fake.requests[0].headers["authorization"].startswith("Basic ")
    fake.fail(CHANGELOG_PATH, Fault(status=500))
    with pytest.raises(UpstreamUnavailable) as caught:
        list(changelog.changes(None))
    assert "secret" not in str(caught.value)
