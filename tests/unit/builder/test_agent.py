import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from builder_server import (
    BUILD_ID,
    LOST_REPLY,
    RESET,
    TOKEN,
    BuilderServer,
    make_lease,
    make_sdist_message,
)
from fake_upstream import FakeUpstream
from oven import make_odd_sdist
from sandboxes import reachable_folder
from wheelyard.builder import agent, host
from wheelyard.builder import build as build_module
from wheelyard.builder.agent import own_work_folder, run_agent
from wheelyard.errors import InvalidSetting, Unauthorized
from wheelyard.model.build import FailureKind
from wheelyard.model.certificate import CheckResult
from wheelyard.protocol import BuildLease
from wheelyard.settings import BuilderSettings, Settings

QUICK = (Path(__file__).parents[2] / "faultzoo" / "wheelwriter.py").read_text() + (
    "\n\ndef build_wheel(folder, config_settings=None, metadata_directory=None):\n"
    "    return write_wheel(folder, 'odd', '1.0')\n"
)
SLOW = (
    "import time\n"
    "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
    "    time.sleep(3600)\n"
)


@pytest.fixture
def server() -> Iterator[BuilderServer]:
    with BuilderServer() as server:
        yield server


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "_RETRY_SECONDS", 0.02)


def settings(server: BuilderServer, folder: Path, *, token: str = TOKEN) -> Settings:
    return Settings(
        builder=BuilderSettings(
            server=server.url,
            token=token,
            folder=folder,
            sandbox="plain",
            claim_wait=timedelta(0),
        )
    )


def lease_of(
    upstream: FakeUpstream, tmp_path: Path, backend: str = QUICK, *, build_id: str = BUILD_ID
) -> BuildLease:
    file = upstream.add_file("odd", make_odd_sdist(tmp_path, backend))
    sdist = make_sdist_message(
        filename=file.filename, url=upstream.root + file.path, sha256=file.sha256
    )
    return make_lease(
        build_id=build_id,
        project="odd",
        target=host.local_target(),
        sdist=sdist,
        index_url=upstream.url,
    )


@contextmanager
def running(settings: Settings) -> Iterator[threading.Event]:
    """Run an agent beside the test, and stop it at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=run_agent, args=[settings], kwargs={"stop": stop})
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def test_a_job_is_built_uploaded_and_finished(
    server: BuilderServer, upstream: FakeUpstream, folder: Path, tmp_path: Path
) -> None:
    server.leases.append(lease_of(upstream, tmp_path))

    assert run_agent(settings(server, folder), stop=threading.Event(), once=True) == 0

    [(build_id, finish)] = server.finished
    assert finish.failure is None
    [wheel] = finish.wheels
    assert {check.name: check.result for check in wheel.checks}["import"] is CheckResult.PASS
    assert (build_id, wheel.filename) == (BUILD_ID, "odd-1.0-py3-none-any.whl")
    assert server.parts[wheel.filename][0][:2] == b"PK"
    assert server.logs[BUILD_ID].endswith(b"wheelyard: phase upload\n")
    assert list((folder / "work").iterdir()) == []


def test_replies_that_get_lost_are_asked_for_again(
    server: BuilderServer, upstream: FakeUpstream, folder: Path, tmp_path: Path
) -> None:
    server.leases.append(lease_of(upstream, tmp_path))
    server.fail("register", RESET, 503)
    server.fail("claim", RESET, 500)
    server.fail("heartbeat", LOST_REPLY, LOST_REPLY)
    server.fail("parts", LOST_REPLY, 507)
    server.fail("finish", LOST_REPLY, 502)

    assert run_agent(settings(server, folder), stop=threading.Event(), once=True) == 0

    assert [finish.wheels != () for _, finish in server.finished] == [True, True]
    assert server.logs[BUILD_ID].count(b"phase build") == 1


def test_parts_that_have_arrived_are_not_sent_again(
    server: BuilderServer,
    upstream: FakeUpstream,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent, "PART_BYTES", 400)
    server.leases.append(lease_of(upstream, tmp_path))
    server.fail("parts", 503)

    run_agent(settings(server, folder), stop=threading.Event(), once=True)

    parts = server.parts["odd-1.0-py3-none-any.whl"]
    assert server.sent_parts == sorted(parts) == list(range(len(parts)))
    assert len(parts) > 1
    assert sum(map(len, parts.values())) == server.finished[0][1].wheels[0].size


def test_an_upload_that_broke_off_is_taken_up_where_it_was(
    server: BuilderServer,
    upstream: FakeUpstream,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent, "PART_BYTES", 400)
    server.leases.append(lease_of(upstream, tmp_path))
    server.fail("parts", LOST_REPLY)

    run_agent(settings(server, folder), stop=threading.Event(), once=True)

    assert server.sent_parts == sorted(set(server.sent_parts))
    assert server.count("files") == 2


def test_a_token_that_is_not_taken_ends_the_agent(server: BuilderServer, folder: Path) -> None:
    with pytest.raises(Unauthorized):
        run_agent(settings(server, folder, token="wy_wrong"), stop=threading.Event())


def test_a_token_that_is_revoked_in_the_middle_ends_the_agent(
    server: BuilderServer, upstream: FakeUpstream, folder: Path, tmp_path: Path
) -> None:
    server.leases.append(lease_of(upstream, tmp_path))
    server.tokens_until = "parts"
    with pytest.raises(Unauthorized):
        run_agent(settings(server, folder), stop=threading.Event())


def test_no_token_is_said_so(server: BuilderServer, folder: Path) -> None:
    with pytest.raises(InvalidSetting, match="token"):
        run_agent(settings(server, folder, token=""), stop=threading.Event())


def test_an_agent_that_is_stopped_hands_the_job_back(
    server: BuilderServer, upstream: FakeUpstream, folder: Path, tmp_path: Path
) -> None:
    server.leases.append(lease_of(upstream, tmp_path, SLOW))
    with running(settings(server, folder)) as stop:
        assert server.wait_until(lambda: b"phase build" in server.logs.get(BUILD_ID, b""))
        stop.set()
        assert server.wait_until(lambda: bool(server.finished))
    [(_, finish)] = server.finished
    assert finish.failure is not None
    assert finish.failure.kind is FailureKind.INFRASTRUCTURE


def test_a_lost_lease_ends_the_build_and_drops_what_came_of_it(
    server: BuilderServer, upstream: FakeUpstream, folder: Path, tmp_path: Path
) -> None:
    server.leases.append(lease_of(upstream, tmp_path, SLOW))
    with running(settings(server, folder)):
        assert server.wait_until(lambda: b"phase build" in server.logs.get(BUILD_ID, b""))
        server.lose()
        claims = server.count("claim")
        assert server.wait_until(lambda: server.count("claim") > claims)
    assert (server.finished, server.parts) == ([], {})


def test_an_agent_outlasts_a_server_that_is_away(
    server: BuilderServer, upstream: FakeUpstream, folder: Path, tmp_path: Path
) -> None:
    server.is_away = True
    with running(settings(server, folder)):
        assert server.wait_until(lambda: server.count("register") >= 3)
        server.leases.append(lease_of(upstream, tmp_path))
        server.is_away = False
        assert server.wait_until(lambda: bool(server.finished))
    assert server.finished[0][1].failure is None


@pytest.mark.parametrize(
    "change",
    [
        {"build_id": "../../etc"},
        {"version": "no version"},
        {"number": -1},
        {"limits": None},
        {"surprise": 1},
        {"project": "../x"},
        {"index_url": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_lease_that_makes_no_sense_does_not_end_the_agent(
    server: BuilderServer,
    upstream: FakeUpstream,
    folder: Path,
    tmp_path: Path,
    change: dict[str, object],
) -> None:
    good = lease_of(upstream, tmp_path, build_id=f"{2:032x}")
    bad = good.model_dump(mode="json") | {"build_id": BUILD_ID} | change
    server.leases.extend([bad, good])
    with running(settings(server, folder)):
        assert server.wait_until(
            lambda: any(build_id == good.build_id for build_id, _ in server.finished)
        )
    assert server.finished[-1][1].failure is None


def test_a_builder_that_cannot_write_says_so_and_goes_on(
    server: BuilderServer,
    upstream: FakeUpstream,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures: list[OSError] = [OSError(28, "No space left on device")]

    def build(*words: object, **named: object) -> object:
        if failures:
            raise failures.pop()
        return build_module.build(*words, **named)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(agent, "build", build)
    lease = lease_of(upstream, tmp_path)
    server.leases.extend([lease, lease.model_copy(update={"build_id": f"{2:032x}"})])
    with running(settings(server, folder)):
        assert server.wait_until(lambda: len(server.finished) == 2)
    first, second = (finish.failure for _, finish in server.finished)
    assert second is None
    assert first is not None
    assert first.kind is FailureKind.INFRASTRUCTURE
    assert first.evidence == ("[Errno 28] No space left on device",)


def test_the_token_is_in_no_argument_and_no_log(
    server: BuilderServer,
    upstream: FakeUpstream,
    folder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    spy = (
        "import glob, os\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    for file in glob.glob('/proc/[0-9]*/cmdline'):\n"
        "        try:\n"
        "            print(open(file, 'rb').read())\n"
        "        except OSError:\n"
        "            pass\n"
        "    print(dict(os.environ))\n"
        "    raise SystemExit(1)\n"
    )
    server.leases.append(lease_of(upstream, tmp_path, spy))
    run_agent(settings(server, folder), stop=threading.Event(), once=True)
    printed = capfd.readouterr()
    assert b"hook_runner" in server.logs[BUILD_ID]
    assert TOKEN.encode() not in server.logs[BUILD_ID]
    assert TOKEN not in printed.out + printed.err
    assert TOKEN not in server.finished[0][1].model_dump_json()


def test_leftovers_of_killed_agents_are_removed_but_not_those_of_living_ones(
    tmp_path: Path,
) -> None:
    dead = tmp_path / "work" / "agent-dead"
    (dead / "build").mkdir(parents=True)
    (dead / "build" / "file").write_text("left behind")
    with own_work_folder(tmp_path) as living:
        (living / "file").write_text("in use")
        with own_work_folder(tmp_path) as other:
            assert not dead.exists()
            assert (living / "file").read_text() == "in use"
            assert sorted((tmp_path / "work").iterdir()) == sorted([living, other])
    assert list((tmp_path / "work").iterdir()) == []


def test_many_agents_start_in_one_folder_at_once(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            for _ in range(5):
                with own_work_folder(tmp_path) as own:
                    (own / "file").write_text("in use")
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list((tmp_path / "work").iterdir()) == []
