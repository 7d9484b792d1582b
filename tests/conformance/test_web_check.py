"""The end point that checks files, on both databases."""

from pathlib import Path

from starlette.testclient import TestClient

from factories import NOW, TARGET, decision, wheel
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.clock import SettableClock
from wheelyard.database.decisions import record_decision
from wheelyard.database.engine import Engine, writing
from wheelyard.database.wheels import record_wheel
from wheelyard.model.build import Verdict
from wheelyard.settings import Settings
from wheelyard.storage.objects import open_store
from wheelyard.web.app import create_app


def test_a_file_is_checked_by_what_the_database_knows(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        for project in ("evdev", "failing", "waiting"):
            stock(connection, project=project)
        builder = register(connection)
        enqueue(connection)
        assert claim(connection, builder) is not None
        finish(connection)
        record_wheel(connection, wheel(build_id=build_id()), dependencies=("libevdev2",))
        failed = decision(project="failing", verdict=Verdict.FAILED, reason="It failed.")
        record_decision(connection, failed, at=NOW)
        record_decision(connection, decision(project="waiting"), at=NOW)
        enqueue(connection, project="waiting")
    app = create_app(
        engine=engine,
        store=open_store(f"file://{tmp_path / 'store'}"),
        settings=Settings(data=tmp_path),
        clock=SettableClock(),
        index_url="https://index.example.org/simple/",
    )
    client = TestClient(app)
    body = "evdev\nfailing\nwaiting\nstrange\n" + "".join(f"other{n}\n" for n in range(450))
    answer = client.post("/api/v1/check", params={"target": TARGET}, content=body)
    document = answer.json()
    told = {one["requirement"]: one for one in document["requirements"]}
    assert [told[name]["outcome"] for name in ("evdev", "failing", "waiting", "strange")] == [
        *("wheel", "failed", "being-built", "can-be-requested"),
    ]
    assert document["counts"]["can-be-requested"] == 451
    assert document["apt_line"] == "sudo apt install libevdev2"
    assert told["waiting"]["jobs_before"] == 0
