"""What builders and the server say to each other, from the whole application without a socket."""

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from wheels import make_wheel
from wheelyard.certify.inspection import read_metadata
from wheelyard.database import builders
from wheelyard.database.engine import reading, writing
from wheelyard.database.offers import offers_of
from wheelyard.errors import StoreFull
from wheelyard.model.environment import manifest_digest
from wheelyard.protocol import PREFIX
from wheelyard.queue.environments import told_of
from wheelyard.settings import LimitsSettings, Settings
from wheelyard.storage.store import ObjectInfo, Store
from yard import BOOKWORM, INDEX_URL, TRIXIE, Yard, make_yard

MANY = 60
"""More waiting builders than the server has threads."""


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project()
    yield yard
    yard.engine.dispose()


class Board:
    """A builder, as far as the server can tell."""

    def __init__(self, yard: Yard, token: str) -> None:
        self.client = yard.client
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, path: str, **message: object) -> httpx2.Response:
        return self.client.post(f"{PREFIX}{path}", json=message, headers=self.headers)

    def register(self, *targets: str, **more: object) -> httpx2.Response:
        return self.post(
            "/register",
            targets=targets,
            **more,
            version="0.1",
            sandbox="bubblewrap",
            machine="Pi 5",
            memory_bytes=8 * 1024**3,
            processors=4,
        )

    def claim(self, *targets: str, wait_seconds: float = 0.0) -> httpx2.Response:
        return self.post(
            "/claim", targets=targets, free_memory_bytes=1024**3, wait_seconds=wait_seconds
        )

    def lease(self) -> dict[str, Any]:
        answer = self.claim(BOOKWORM)
        assert answer.status_code == 200
        lease: dict[str, Any] = answer.json()
        return lease

    def heartbeat(self, build_id: str, *, log: bytes = b"", offset: int = 0) -> httpx2.Response:
        return self.post(
            f"/builds/{build_id}/heartbeat",
            phase="build",
            log=base64.b64encode(log).decode(),
            log_offset=offset,
        )

    def put(
        self, build_id: str, filename: str, number: int, data: bytes, *, sha256: str | None = None
    ) -> httpx2.Response:
        digest = sha256 or hashlib.sha256(data).hexdigest()
        return self.client.put(
            f"{PREFIX}/builds/{build_id}/files/{filename}/parts/{number}",
            content=data,
            headers=self.headers | {"Wheelyard-Sha256": digest},
        )

    def parts(self, build_id: str, filename: str) -> httpx2.Response:
        return self.client.get(f"{PREFIX}/builds/{build_id}/files/{filename}", headers=self.headers)

    def finish(self, build_id: str, **report: object) -> httpx2.Response:
        return self.post(f"/builds/{build_id}/finish", build_seconds=1.5, **report)


@pytest.fixture
def board(yard: Yard) -> Board:
    return Board(yard, yard.builder())


@pytest.fixture
def build_id(yard: Yard, board: Board) -> str:
    yard.job()
    return str(board.lease()["build_id"])


def announced(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    return {
        "filename": path.name,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "metadata_sha256": hashlib.sha256(read_metadata(path)).hexdigest(),
        "requires_python": None,
    }


def problem(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error", "message"}
    return int(answer.status_code), str(body["error"])


def test_a_build_goes_from_claim_to_the_index(yard: Yard, board: Board, tmp_path: Path) -> None:
    assert board.register(BOOKWORM).json() == {
        "name": "board",
        "targets": [BOOKWORM],
        "heartbeat_seconds": 5.0,
        "wanted_environments": [],
    }
    yard.job()
    lease = board.lease()
    build_id = lease["build_id"]
    assert (lease["project"], lease["version"], lease["number"]) == ("spam", "1.0", 0)
    assert (lease["index_url"], lease["kind"]) == (INDEX_URL, "build")
    assert lease["sdist"]["url"] == "https://files.example.org/spam-1.0.tar.gz"

    assert board.heartbeat(build_id, log=b"compiling\n").json()["log_size"] == 10
    assert yard.client.get(f"/logs/{build_id}.log").content == b"compiling\n"

    wheel = make_wheel(tmp_path / "out")
    data = wheel.read_bytes()
    assert board.put(build_id, wheel.name, 0, data[:700]).json() == {"parts": {"0": 700}}
    rest = len(data) - 700
    parts = {"parts": {"0": 700, "1": rest}}
    assert board.put(build_id, wheel.name, 1, data[700:]).json() == parts
    assert board.parts(build_id, wheel.name).json() == parts

    ended = board.finish(build_id, wheels=[announced(wheel)])
    assert ended.json() == {"state": "succeeded", "failure": None}
    assert board.finish(build_id, wheels=[announced(wheel)]).json() == ended.json()

    yard.publisher.tick()
    page = yard.client.get(
        "/simple/spam/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    ).json()
    assert [file["filename"] for file in page["files"]] == [wheel.name]
    assert yard.client.get(f"/simple/spam/{page['files'][0]['url']}").content == data
    assert list(yard.store.keys("uploads")) == []
    assert yard.client.get(f"/logs/{build_id}.log").content.startswith(b"compiling\n")


def test_what_a_builder_found_of_a_wheel_is_shown_with_it(
    yard: Yard, board: Board, tmp_path: Path
) -> None:
    yard.job()
    build_id = board.lease()["build_id"]
    wheel = make_wheel(tmp_path / "out")
    board.put(build_id, wheel.name, 0, wheel.read_bytes())
    imported = {
        "name": "import",
        "result": "pass",
        "message": "These can be imported: <b>spam</b>.",
        "evidence": ["a < b"],
    }
    found = {"checks": [imported], "dependencies": ["libxml2 (>= 2.9.0)", "libfoo1"]}
    ended = board.finish(build_id, wheels=[{**announced(wheel), **found}])
    assert ended.json() == {"state": "succeeded", "failure": None}

    yard.publisher.tick()
    (shown,) = yard.client.get("/project/spam/index.json").json()["wheels"]
    assert shown["debian_packages"] == ["libfoo1", "libxml2 (>= 2.9.0)"]
    certificate = shown["certificate"]
    assert (certificate["format"], certificate["passed"]) == (1, True)
    assert imported in certificate["checks"]
    assert {check["name"]: check["result"] for check in certificate["checks"]}["machine"] == "pass"
    page = yard.client.get("/project/spam/").text
    assert "Certificate: passed" in page
    assert "sudo apt install libfoo1 libxml2<" in page
    assert "&lt;b&gt;spam&lt;/b&gt;" in page
    assert "a &lt; b" in page


def test_an_import_that_failed_is_a_failed_build(yard: Yard, board: Board, tmp_path: Path) -> None:
    yard.job()
    build_id = board.lease()["build_id"]
    wheel = make_wheel(tmp_path / "out")
    board.put(build_id, wheel.name, 0, wheel.read_bytes())
    failed = {"name": "import", "result": "fail", "message": "No.", "evidence": ["spam: gone"]}
    ended = board.finish(build_id, wheels=[{**announced(wheel), "checks": [failed]}]).json()
    assert ended["state"] == "failed"
    assert ended["failure"]["message"] == "The wheel cannot be used: spam: gone"
    assert ended["failure"]["subject"] == "import"
    assert list(yard.store.keys("packages")) == []


@pytest.mark.parametrize(
    "found",
    [
        {"dependencies": ["libxml2; rm -rf /"]},
        {"dependencies": ["-evil"]},
        {"dependencies": ["x" * 300]},
        {"dependencies": [f"lib{number}" for number in range(60)]},
        {"checks": [{"name": "import", "result": "perhaps", "message": ""}]},
        {"checks": [{"name": "Import!", "result": "pass", "message": ""}]},
        {"checks": [{"name": "import", "result": "pass", "message": "x" * 1000}]},
        {"checks": [{"name": "import", "result": "pass", "message": "", "evidence": ["x"] * 99}]},
        {"checks": [{"name": "import", "result": "pass", "message": ""}] * 20},
    ],
)
def test_nonsense_about_a_wheel_is_refused(
    board: Board, build_id: str, tmp_path: Path, found: dict[str, object]
) -> None:
    wheel = announced(make_wheel(tmp_path / "out"))
    answer = board.finish(build_id, wheels=[{**wheel, **found}])
    assert problem(answer)[0] == 422


def test_a_failure_is_told_as_it_was_reported(board: Board, build_id: str) -> None:
    failure = {
        "kind": "compile-error",
        "message": "It does not compile.",
        "subject": None,
        "evidence": ["error: expected ;"],
    }
    answer = board.finish(build_id, failure=failure)
    assert answer.json() == {"state": "failed", "failure": failure}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wy_wrong",
        "Basic d3k6d3k=",
        "bearer " + "x" * 10_000,
        "Bearer \xff",
    ],
)
def test_a_wrong_token_is_refused_everywhere(yard: Yard, header: str | None) -> None:
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    for method, path in (
        ("POST", "/register"),
        ("POST", "/claim"),
        ("POST", f"/builds/{'0' * 32}/heartbeat"),
        ("GET", f"/builds/{'0' * 32}/files/x.whl"),
        ("PUT", f"/builds/{'0' * 32}/files/x.whl/parts/0"),
        ("POST", f"/builds/{'0' * 32}/finish"),
        ("PUT", f"/environments/{'0' * 64}"),
    ):
        answer = yard.client.request(method, f"{PREFIX}{path}", headers=headers, json={})
        assert problem(answer) == (401, "Unauthorized"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_is_refused(yard: Yard) -> None:
    token = yard.builder(expires_at=yard.clock.now() + timedelta(days=1))
    assert Board(yard, token).claim(BOOKWORM).status_code == 204
    yard.clock.advance(timedelta(days=1))
    assert problem(Board(yard, token).claim(BOOKWORM)) == (401, "Unauthorized")


def test_a_revoked_token_is_refused(yard: Yard, board: Board) -> None:
    with writing(yard.engine) as connection:
        builders.revoke_builder(connection, "board", at=yard.clock.now())
    assert problem(board.claim(BOOKWORM)) == (401, "Unauthorized")


def test_a_new_token_replaces_the_old_one(yard: Yard, board: Board) -> None:
    fresh = Board(yard, yard.builder(name="board"))
    assert problem(board.claim(BOOKWORM)) == (401, "Unauthorized")
    assert fresh.claim(BOOKWORM).status_code == 204


def test_a_token_is_good_for_its_targets_only(yard: Yard) -> None:
    board = Board(yard, yard.builder(targets=frozenset({TRIXIE})))
    assert board.register(BOOKWORM, TRIXIE).json()["targets"] == [TRIXIE]
    assert problem(board.register(BOOKWORM)) == (403, "Refused")
    assert problem(board.claim(TRIXIE, BOOKWORM)) == (403, "Refused")
    assert board.claim(TRIXIE).status_code == 204


def test_registering_notes_what_the_builder_can_do(yard: Yard, board: Board) -> None:
    board.register(BOOKWORM)
    with reading(yard.engine) as connection:
        (on_record,) = builders.all_builders(connection)
        capabilities = builders.builder_capabilities(connection, on_record.id)
    assert on_record.last_seen_at == yard.clock.now()
    assert (capabilities["machine"], capabilities["processors"]) == ("Pi 5", 4)


def test_the_server_asks_once_for_what_is_in_an_environment(yard: Yard, board: Board) -> None:
    package = ("libc6", "armhf", "2.36-9")
    digest = manifest_digest("bookworm-armhf", "archive", [package])
    told = {
        "environment": "bookworm-armhf",
        "origin": "archive",
        "python": "3.11.2",
        "glibc": "2.36",
        "packages": [dict(zip(("name", "architecture", "version"), package, strict=True))],
        "libraries": {"libffi.so.8": "libffi8"},
        "dependencies": {"libffi.so.8": "libffi8 (>= 3.4)"},
        "python_exports": ["PyLong_FromLong"],
    }
    environments = {BOOKWORM: digest}
    path = f"{PREFIX}/environments/{digest}"

    asked = board.register(BOOKWORM, environments=environments).json()["wanted_environments"]
    lied = yard.client.put(path, json=told | {"origin": "elsewhere"}, headers=board.headers)
    sent = yard.client.put(path, json=told, headers=board.headers)
    asked_again = board.register(BOOKWORM, environments=environments).json()
    other = Board(yard, yard.builder(name="other")).register(BOOKWORM, environments=environments)

    assert asked == [digest]
    assert problem(lied) == (422, "UploadRefused")
    assert sent.status_code == 204
    assert asked_again["wanted_environments"] == []
    assert other.json()["wanted_environments"] == [digest]
    with reading(yard.engine) as connection:
        found = builders.builder_named(connection, "board")
    assert found is not None
    known = told_of(yard.store, digest, builder_id=found.id)
    assert known is not None
    assert known.python_exports == ("PyLong_FromLong",)


def test_offers_are_kept_by_target(yard: Yard, board: Board) -> None:
    offer = {"target": BOOKWORM, "lane": "emulated", "speed": 0.25}

    board.register(BOOKWORM, offers=[offer])

    with reading(yard.engine) as connection:
        ((found,),) = offers_of(connection).values()
    assert (found.target, found.lane.value, found.speed) == (BOOKWORM, "emulated", 0.25)


def test_a_waiting_builder_gets_a_job_that_turns_up(yard: Yard, board: Board) -> None:
    answers: list[httpx2.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(board.claim(BOOKWORM, wait_seconds=30.0))
    )
    waiting.start()
    yard.job()
    waiting.join()
    assert answers[0].json()["project"] == "spam"


def test_a_waiting_builder_is_sent_away_when_the_server_stops(yard: Yard, board: Board) -> None:
    answers: list[httpx2.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(board.claim(BOOKWORM, wait_seconds=30.0))
    )
    waiting.start()
    yard.state.stopping.set()
    waiting.join(timeout=300)
    assert answers[0].status_code == 204


def test_a_waiting_builder_that_hangs_up_gets_no_job(yard: Yard, board: Board) -> None:
    message = {"targets": [BOOKWORM], "free_memory_bytes": 1, "wait_seconds": 30.0}
    incoming: list[Message] = [
        {"type": "http.request", "body": json.dumps(message).encode(), "more_body": False},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{PREFIX}/claim",
        "raw_path": f"{PREFIX}/claim".encode(),
        "query_string": b"",
        "headers": [(b"authorization", board.headers["Authorization"].encode())],
    }

    async def receive() -> Message:
        return incoming.pop(0) if len(incoming) > 1 else incoming[0]

    async def send(_message: Message) -> None:
        """Nobody is there."""

    asyncio.run(asyncio.wait_for(yard.app(scope, receive, send), timeout=300))
    yard.job()
    assert board.claim(BOOKWORM).status_code == 200


def test_many_waiting_builders_do_not_keep_installers_waiting(yard: Yard, board: Board) -> None:
    """More builders wait than there are threads; pages must be answered all the same."""

    async def scenario() -> tuple[int, list[int]]:
        transport = httpx2.ASGITransport(yard.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://testserver", timeout=300
        ) as client:
            message = {"targets": [BOOKWORM], "free_memory_bytes": 1, "wait_seconds": 30.0}
            waiting = [
                asyncio.create_task(
                    client.post(f"{PREFIX}/claim", json=message, headers=board.headers)
                )
                for _ in range(MANY)
            ]
            await asyncio.sleep(0)
            page = await client.get("/health")
            yard.state.stopping.set()
            answers = await asyncio.gather(*waiting)
            return page.status_code, [answer.status_code for answer in answers]

    assert asyncio.run(scenario()) == (200, [204] * MANY)


Call = Callable[[Board, str], httpx2.Response]
CALLS: dict[str, Call] = {
    "heartbeat": lambda board, build: board.heartbeat(build),
    "state": lambda board, build: board.parts(build, "x.whl"),
    "part": lambda board, build: board.put(build, "x.whl", 0, b"x"),
    "finish": lambda board, build: board.finish(
        build, failure={"kind": "unknown", "message": "It failed."}
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_taken_after_the_lease_has_expired(
    yard: Yard, board: Board, build_id: str, call: str
) -> None:
    yard.clock.advance(timedelta(hours=1))
    assert problem(CALLS[call](board, build_id)) == (409, "LeaseLost")
    assert list(yard.store.keys("uploads")) == []


@pytest.mark.parametrize("call", CALLS)
def test_nobody_can_meddle_with_the_build_of_another(yard: Yard, build_id: str, call: str) -> None:
    other = Board(yard, yard.builder(name="other"))
    assert problem(CALLS[call](other, build_id)) == (409, "LeaseLost")
    assert problem(CALLS[call](other, "f" * 32)) == (409, "LeaseLost")


def test_a_heartbeat_keeps_the_lease(yard: Yard, board: Board, build_id: str) -> None:
    for _ in range(5):
        yard.clock.advance(timedelta(seconds=40))
        assert board.heartbeat(build_id).status_code == 200


def test_bytes_that_are_not_as_announced_are_refused(
    yard: Yard, board: Board, build_id: str
) -> None:
    answer = board.put(build_id, "x.whl", 0, b"garbled", sha256="0" * 64)
    assert problem(answer) == (422, "UploadRefused")
    assert problem(board.put(build_id, "x.whl", 0, b"")) == (422, "UploadRefused")
    assert list(yard.store.keys("uploads")) == []


def test_a_part_may_be_sent_again(board: Board, build_id: str) -> None:
    for _ in range(2):
        answer = board.put(build_id, "x.whl", 0, b"same")
        assert (answer.status_code, answer.json()) == (200, {"parts": {"0": 4}})


def test_a_part_beyond_its_size_is_refused(board: Board, build_id: str) -> None:
    answer = board.put(build_id, "x.whl", 0, b"x" * (8 * 1024**2 + 1))
    assert problem(answer) == (413, "UploadRefused")


def test_a_part_that_hides_its_size_is_refused_all_the_same(board: Board, build_id: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(9):
            yield b"x" * 1024**2

    answer = board.client.put(
        f"{PREFIX}/builds/{build_id}/files/x.whl/parts/0",
        content=pieces(),
        headers=board.headers | {"Wheelyard-Sha256": "0" * 64},
    )
    assert problem(answer) == (413, "UploadRefused")


def test_all_files_together_have_a_limit(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, limits=LimitsSettings(output_bytes=10))
    yard = make_yard(tmp_path, settings=settings)
    yard.project()
    yard.job()
    board = Board(yard, yard.builder())
    build_id = board.lease()["build_id"]
    assert board.put(build_id, "a.whl", 0, b"123456").status_code == 200
    assert board.put(build_id, "b.whl", 0, b"1234").status_code == 200
    assert problem(board.put(build_id, "b.whl", 1, b"5")) == (413, "UploadRefused")
    assert board.put(build_id, "b.whl", 0, b"4321").status_code == 200
    yard.engine.dispose()


def test_a_build_delivers_a_few_files_only(board: Board, build_id: str) -> None:
    for number in range(4):
        assert board.put(build_id, f"x{number}.whl", 0, b"x").status_code == 200
    assert problem(board.put(build_id, "x4.whl", 0, b"x")) == (422, "BadInput")


def test_uploads_that_disagree_with_the_report_can_be_sent_again(
    board: Board, build_id: str, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "out")
    report = {"wheels": [announced(wheel)]}
    board.put(build_id, wheel.name, 0, b"other bytes")
    assert problem(board.finish(build_id, **report)) == (422, "UploadRefused")
    assert board.parts(build_id, wheel.name).json() == {"parts": {}}
    board.put(build_id, wheel.name, 0, wheel.read_bytes())
    assert board.finish(build_id, **report).json()["state"] == "succeeded"


@pytest.mark.parametrize("name", ["..%2fx", ".hidden", "a b", "x" * 300, "%00", "ü"])
def test_a_filename_that_leads_elsewhere_is_refused(
    yard: Yard, board: Board, build_id: str, name: str
) -> None:
    answer = board.put(build_id, name, 0, b"x")
    assert answer.status_code in {404, 422}
    assert list(yard.store.keys("uploads")) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff\xfe", 422),
        (b"[]", 422),
        (b'{"targets": [], "free_memory_bytes": 1, "surprise": true}', 422),
        (b'{"targets": ["../x"], "free_memory_bytes": 1}', 422),
        (b'{"targets": [], "free_memory_bytes": -1}', 422),
        (b'{"targets": [], "free_memory_bytes": 1, "wait_seconds": 31}', 422),
        (b'{"targets": ["\\ud800"], "free_memory_bytes": 1}', 422),
        (b"[" * 100_000, 400),
    ],
)
def test_a_message_that_is_not_valid_is_refused(
    board: Board, content: bytes, expected: int
) -> None:
    answer = board.client.post(
        f"{PREFIX}/claim",
        content=content,
        headers=board.headers | {"Content-Type": "application/json"},
    )
    assert problem(answer)[0] == expected


def test_what_is_not_part_of_the_interface_is_a_404(board: Board) -> None:
    assert problem(board.client.get("/api/builder/v1/nothing")) == (404, "NotFound")
    assert problem(board.client.get("/api/nothing")) == (404, "NotFound")
    assert problem(board.client.get(f"{PREFIX}/claim")) == (405, "BadInput")


class BrokenStore:
    """A store on another one that fails in a way of one's choice when it is written to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.error: Exception | None = None

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        if self.error is not None:
            raise self.error
        self._store.put(key, data)

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self._store.read(key, start=start, end=end)

    def info(self, key: str) -> ObjectInfo:
        return self._store.info(key)

    def delete(self, key: str) -> None:
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._store.keys(prefix)


@pytest.fixture
def broken(yard: Yard) -> BrokenStore:
    store = BrokenStore(yard.store)
    yard.replace_store(store)
    return store


def test_a_full_store_says_so_and_the_upload_goes_on_later(
    broken: BrokenStore, board: Board, build_id: str
) -> None:
    broken.error = StoreFull("/secret/folder")
    answer = board.put(build_id, "x.whl", 0, b"x")
    assert problem(answer) == (507, "StoreFull")
    assert answer.headers["Retry-After"].isdigit()
    assert "secret" not in answer.text
    broken.error = None
    assert board.put(build_id, "x.whl", 0, b"x").status_code == 200


def test_a_mistake_of_ours_is_a_500_that_tells_nothing(
    broken: BrokenStore, board: Board, build_id: str
) -> None:
    broken.error = RuntimeError("the secret is 42")
    with capture_logs() as events:
        answer = board.put(build_id, "x.whl", 0, b"x")
    assert problem(answer) == (500, "InternalError")
    assert "42" not in answer.text
    assert [event["exc_info"] for event in events] == [broken.error]


def test_a_database_that_goes_away_and_comes_back_costs_nothing(
    yard: Yard, board: Board, build_id: str
) -> None:
    with yard.without_database():
        for call in CALLS.values():
            answer = call(board, build_id)
            assert problem(answer) == (503, "DatabaseUnavailable")
            assert answer.headers["Retry-After"].isdigit()
            assert "sqlite" not in answer.text
        assert problem(board.claim(BOOKWORM, wait_seconds=30.0))[0] == 503
    assert board.heartbeat(build_id).status_code == 200
