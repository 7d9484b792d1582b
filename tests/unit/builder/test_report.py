import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from builder_server import BUILD_ID, LOST_REPLY, RESET, BuilderServer, make_lease
from wheelyard.builder.connection import Connection
from wheelyard.builder.report import Report
from wheelyard.errors import LeaseLost, ServerUnavailable, Stopped
from wheelyard.model.build import Limits, Phase
from wheelyard.protocol import MAX_LOG_CHUNK_BYTES, BuildLease


@pytest.fixture
def server() -> Iterator[BuilderServer]:
    with BuilderServer() as server:
        yield server


@pytest.fixture
def connection(server: BuilderServer) -> Iterator[Connection]:
    with closing(server.connection()) as connection:
        yield connection


def make_report(
    connection: Connection, *, lease: BuildLease | None = None, stop: threading.Event | None = None
) -> Report:
    return Report(connection, lease or make_lease(), stop=stop or threading.Event())


def becomes_lost(report: Report) -> bool:
    """Whether the lease turns out to be lost, in the background."""
    never = threading.Event()
    return any(report.is_lost or never.wait(0.01) for _ in range(3000))


def log(server: BuilderServer) -> bytes:
    with server.changed:
        return bytes(server.logs.get(BUILD_ID, b""))


def test_the_log_arrives_while_the_build_goes_on(
    server: BuilderServer, connection: Connection
) -> None:
    with make_report(connection) as report:
        report.write(b"first\n")
        assert server.wait_until(lambda: log(server) == b"first\n")
        report.write(b"second\n")
        assert server.wait_until(lambda: log(server) == b"first\nsecond\n")


def test_signs_of_life_come_without_news(server: BuilderServer, connection: Connection) -> None:
    with make_report(connection):
        assert server.wait_until(lambda: server.count("heartbeat") >= 3)


def test_a_phase_is_told(server: BuilderServer, connection: Connection) -> None:
    with make_report(connection) as report:
        report.enter(Phase.BUILD)
        assert server.wait_until(lambda: any(beat.phase is Phase.BUILD for beat in server.beats))
        assert server.wait_until(lambda: log(server) == b"wheelyard: phase build\n")


def test_a_reply_that_gets_lost_doubles_nothing(
    server: BuilderServer, connection: Connection
) -> None:
    server.fail("heartbeat", LOST_REPLY, 503, RESET, LOST_REPLY)
    with make_report(connection) as report:
        report.write(b"once\n")
        assert server.wait_until(lambda: server.count("heartbeat") >= 5)
        report.flush()
        assert not report.is_lost
    assert log(server) == b"once\n"


def test_a_log_larger_than_one_message_arrives_whole(
    server: BuilderServer, connection: Connection
) -> None:
    text = b"".join(b"line %d\n" % number for number in range(60_000))
    assert len(text) > 2 * MAX_LOG_CHUNK_BYTES
    report = make_report(connection)
    report.write(text)
    report.flush()
    assert log(server) == text


def test_any_bytes_arrive_as_they_are(server: BuilderServer, connection: Connection) -> None:
    report = make_report(connection)
    report.write(bytes(range(256)))
    report.flush()
    assert log(server) == bytes(range(256))


def test_a_log_that_is_full_still_takes_our_own_lines(
    server: BuilderServer, connection: Connection
) -> None:
    report = make_report(connection, lease=make_lease(limits=Limits(log_bytes=1000)))
    report.write(b"x" * 2000)
    report.say("output-limit: too much")
    report.flush()
    assert log(server) == b"x" * 900 + b"\nwheelyard: output-limit: too much\n"


def test_a_line_of_our_own_starts_a_line(server: BuilderServer, connection: Connection) -> None:
    report = make_report(connection)
    report.write(b"unfinished")
    report.say("next")
    report.say("last")
    report.flush()
    assert log(server) == b"unfinished\nwheelyard: next\nwheelyard: last\n"


def test_a_lost_lease_ends_everything(server: BuilderServer, connection: Connection) -> None:
    server.lose()
    with make_report(connection) as report:
        assert becomes_lost(report)
        for use in (report.check, report.flush, lambda: report.enter(Phase.BUILD)):
            with pytest.raises(LeaseLost):
                use()
        with pytest.raises(LeaseLost):
            report.write(b"too late")


def test_a_server_that_is_away_for_a_while_loses_nothing(
    server: BuilderServer, connection: Connection
) -> None:
    with make_report(connection) as report:
        server.is_away = True
        report.write(b"meanwhile\n")
        assert server.wait_until(lambda: server.count("heartbeat") >= 3)
        report.check()
        server.is_away = False
        assert server.wait_until(lambda: log(server) == b"meanwhile\n")
        report.check()


def test_a_lease_that_ends_while_the_server_is_away_is_lost(
    server: BuilderServer, connection: Connection
) -> None:
    server.is_away = True
    with make_report(connection, lease=make_lease(expires_in=0.0)) as report:
        assert becomes_lost(report)


def test_what_cannot_be_sent_is_said(server: BuilderServer, connection: Connection) -> None:
    report = make_report(connection)
    report.write(b"text")
    server.is_away = True
    with pytest.raises(ServerUnavailable):
        report.flush()


def test_a_builder_that_is_stopped_stops_the_build(connection: Connection) -> None:
    stop = threading.Event()
    report = make_report(connection, stop=stop)
    report.check()
    stop.set()
    with pytest.raises(Stopped):
        report.write(b"more")
