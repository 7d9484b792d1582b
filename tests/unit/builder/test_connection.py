from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from builder_server import BUILD_ID, RESET, BuilderServer, make_lease
from wheelyard.builder.connection import Connection
from wheelyard.errors import (
    LeaseLost,
    ServerUnavailable,
    StoreFull,
    Unauthorized,
    UploadRefused,
)
from wheelyard.model.build import Phase
from wheelyard.protocol import ClaimRequest, FinishRequest, Heartbeat, RegisterRequest

CLAIM = ClaimRequest(targets=("bookworm-cp311-x86_64",), free_memory_bytes=1)
REGISTER = RegisterRequest(
    targets=("bookworm-cp311-x86_64",),
    version="1",
    sandbox="plain",
    machine="board",
    memory_bytes=1,
    processors=1,
)


@pytest.fixture
def server() -> Iterator[BuilderServer]:
    with BuilderServer() as server:
        yield server


@pytest.fixture
def connection(server: BuilderServer) -> Iterator[Connection]:
    with closing(server.connection()) as connection:
        yield connection


def test_nothing_to_do_is_none(connection: Connection) -> None:
    assert connection.claim(CLAIM) is None


def test_a_lease_comes_as_it_was_sent(server: BuilderServer, connection: Connection) -> None:
    lease = make_lease()
    server.leases.append(lease)
    assert connection.claim(CLAIM) == lease


def test_parts_are_kept_by_number(server: BuilderServer, connection: Connection) -> None:
    assert connection.parts(BUILD_ID, "spam-1.0-py3-none-any.whl") == {}
    connection.put_part(BUILD_ID, "spam-1.0-py3-none-any.whl", 2, b"abc")
    assert connection.parts(BUILD_ID, "spam-1.0-py3-none-any.whl") == {2: 3}
    assert server.parts == {"spam-1.0-py3-none-any.whl": {2: b"abc"}}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (401, Unauthorized),
        (403, Unauthorized),
        (404, UploadRefused),
        (409, LeaseLost),
        (413, UploadRefused),
        (422, UploadRefused),
        (429, ServerUnavailable),
        (500, ServerUnavailable),
        (502, ServerUnavailable),
        (503, ServerUnavailable),
        (507, StoreFull),
        (302, ServerUnavailable),
        (RESET, ServerUnavailable),
    ],
)
def test_each_answer_has_its_error(
    server: BuilderServer, connection: Connection, fault: int | str, error: type[Exception]
) -> None:
    calls: dict[str, Callable[[], object]] = {
        "register": lambda: connection.register(REGISTER),
        "claim": lambda: connection.claim(CLAIM),
        "heartbeat": lambda: connection.heartbeat(BUILD_ID, Heartbeat(phase=Phase.BUILD)),
        "files": lambda: connection.parts(BUILD_ID, "spam-1.0-py3-none-any.whl"),
        "parts": lambda: connection.put_part(BUILD_ID, "spam-1.0-py3-none-any.whl", 0, b"x"),
        "finish": lambda: connection.finish(BUILD_ID, FinishRequest(build_seconds=0)),
    }
    for word, call in calls.items():
        server.fail(word, fault)
        with pytest.raises(error):
            call()


@pytest.mark.parametrize("change", [{"build_id": "../x"}, {"project": "../x"}, {"limits": 1}])
def test_a_lease_that_makes_no_sense_may_be_better_later(
    server: BuilderServer, connection: Connection, change: dict[str, object]
) -> None:
    server.leases.append(make_lease().model_dump(mode="json") | change)
    with pytest.raises(ServerUnavailable):
        connection.claim(CLAIM)


def test_a_server_that_is_not_there_is_unavailable(server: BuilderServer) -> None:
    with closing(server.connection()) as connection:
        server.is_away = True
        with pytest.raises(ServerUnavailable) as caught:
            connection.register(REGISTER)
    assert "wy_" not in str(caught.value)
