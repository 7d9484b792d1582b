"""`wheelyard queue …`, `builder …`, `target …`, `upstream …` and `database …`."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from commands import Commands
from wheelyard.database import builders, migrate
from wheelyard.database.engine import connect, reading, writing
from wheelyard.database.leaders import leads
from wheelyard.database.sources import save_source, save_source_order
from wheelyard.model.change import SourceStatus
from yard import BOOKWORM, TRIXIE


def commands_given(wheelyard: Commands) -> list[str]:
    return [one["command"] for one in wheelyard.json("database", "audit")["entries"]]


def test_the_queue_is_shown(wheelyard: Commands) -> None:
    wheelyard.yard.build()
    wheelyard.yard.job(version="2.0")

    shown = wheelyard.json("queue", "show")

    assert shown["paused"] is None
    assert {(count["state"], count["count"]) for count in shown["counts"]} == {
        ("leased", 1),
        ("waiting", 1),
    }
    assert [(build["version"], build["builder"]) for build in shown["running"]] == [
        ("1.0", "board1")
    ]
    assert [job["version"] for job in shown["next"]] == ["2.0"]
    printed = wheelyard("queue", "show").output
    assert "Handing out jobs." in printed
    assert "board1" in printed


def test_jobs_are_listed_by_project_state_and_target(wheelyard: Commands) -> None:
    wheelyard.yard.project("eggs")
    for name in ("spam", "eggs"):
        wheelyard.yard.job(name)

    def listed(*options: str) -> set[str]:
        return {job["project"] for job in wheelyard.json("queue", "list", *options)["jobs"]}

    assert listed() == {"spam", "eggs"}
    assert listed("--project", "eggs") == {"eggs"}
    assert listed("--target", BOOKWORM) == {"spam", "eggs"}
    assert listed("--project", "eggs", "--state", "leased") == set()
    assert len(listed("--limit", "1")) == 1
    assert "eggs" in wheelyard("queue", "list").output


def test_the_queue_is_paused_with_a_reason(wheelyard: Commands) -> None:
    wheelyard("queue", "pause", "--reason", "moving house")

    assert wheelyard.json("queue", "show")["paused"]["reason"] == "moving house"
    assert "moving house" in wheelyard("queue", "show").output
    assert wheelyard.json("queue", "resume") == {"paused": False, "was_paused": True}
    assert wheelyard("queue", "resume").output == "The queue was not paused.\n"
    assert commands_given(wheelyard) == ["queue resume", "queue resume", "queue pause"]


def test_a_builder_gets_a_token_and_is_listed(wheelyard: Commands) -> None:
    issued = wheelyard.json("builder", "token", "attic", "--target", BOOKWORM, "--days", "30")

    (listed,) = wheelyard.json("builder", "list")["builders"]
    assert (listed["name"], listed["state"], listed["targets"], listed["jobs"]) == (
        *("attic", "never seen"),
        *([BOOKWORM], 0),
    )
    with reading(wheelyard.yard.engine) as connection:
        digest = hashlib.sha256(issued["token"].encode()).hexdigest()
        assert builders.builder_by_token_hash(connection, digest) is not None
    printed = wheelyard("builder", "token", "cellar").output
    assert printed.startswith("wy_")
    assert "wy_" not in wheelyard("database", "audit").output


def test_a_builder_is_drained(wheelyard: Commands) -> None:
    wheelyard.yard.build()

    assert wheelyard.json("builder", "drain", "board1") == {
        "builder": "board1",
        "draining": True,
        "jobs": 1,
    }
    assert wheelyard.json("builder", "list")["builders"][0]["state"] == "draining"
    assert not wheelyard.json("builder", "resume", "board1")["draining"]
    assert wheelyard("builder", "drain", "nobody").exit_code == 4


def test_a_builder_is_removed_and_its_jobs_are_put_back(wheelyard: Commands) -> None:
    wheelyard.yard.build()
    wheelyard.yard.builder(name="idle")

    dry = wheelyard.json("builder", "remove", "board1", "--dry-run")
    assert dry == {"builder": "board1", "removed": False, "jobs": 1, "withdrawn": 0}
    assert wheelyard.json("builder", "remove", "board1")["removed"]
    wheelyard("builder", "remove", "idle")

    listed = wheelyard.json("builder", "list")["builders"]
    assert [(one["name"], one["state"]) for one in listed] == [("board1", "revoked")]
    assert commands_given(wheelyard) == ["builder remove", "builder remove"]


def test_a_builders_wheels_go_with_it_if_asked(wheelyard: Commands) -> None:
    bad, good = wheelyard.yard.publish(), wheelyard.yard.publish(version="2.0")
    wheelyard.yard.publisher.tick()

    def status(path: str) -> int:
        return wheelyard.yard.client.get(f"/{path}").status_code

    options = ("builder", "remove", "board1", "--withdraw-wheels")
    assert wheelyard.json(*options, "--dry-run")["withdrawn"] == 1
    assert status(bad.path) == 200
    assert wheelyard.json(*options)["withdrawn"] == 1
    assert (status(bad.path), status(good.path)) == (404, 200)


def test_targets_are_added_paused_and_retired(wheelyard: Commands) -> None:
    wheelyard.yard.job()
    wheelyard("target", "add", TRIXIE, "--position", "-1", "--python", "3.13.5")
    wheelyard("target", "pause", BOOKWORM)

    def states() -> list[tuple[str, str]]:
        return [(one["name"], one["state"]) for one in wheelyard.json("target", "list")["targets"]]

    assert states() == [(TRIXIE, "active"), (BOOKWORM, "paused")]
    wheelyard("target", "resume", BOOKWORM)
    assert wheelyard.json("target", "retire", BOOKWORM, "--dry-run")["dropped_jobs"] == 1
    assert states() == [(TRIXIE, "active"), (BOOKWORM, "active")]
    assert wheelyard.json("target", "retire", BOOKWORM)["dropped_jobs"] == 1
    assert states() == [(TRIXIE, "active"), (BOOKWORM, "retired")]
    assert BOOKWORM in wheelyard("target", "list").output
    assert commands_given(wheelyard) == [
        *("target retire", "target resume", "target pause", "target add"),
    ]


@pytest.mark.parametrize("verb", ["pause", "resume", "retire"])
def test_an_unknown_target_is_said_in_one_line(wheelyard: Commands, verb: str) -> None:
    answer = wheelyard("target", verb, "trixie-cp313-vax")

    assert answer.exit_code == 4
    assert answer.errors.count("\n") == 1
    assert commands_given(wheelyard) == []


def test_the_state_of_the_sources_is_shown(wheelyard: Commands) -> None:
    now = wheelyard.yard.clock.now()
    with writing(wheelyard.yard.engine) as connection:
        save_source_order(connection, ("changelog", "project-poll"))
        save_source(connection, SourceStatus(name="changelog", is_missing=True, tried_at=now))

    wheelyard("upstream", "reconcile", "spam")
    shown = wheelyard.json("upstream", "status")

    assert [(one["name"], one["is_used"]) for one in shown["sources"]] == [
        ("changelog", False),
        ("project-poll", True),
    ]
    assert shown["due"] == {"asked": 1}
    printed = wheelyard("upstream", "status").output
    assert "not there" in printed
    assert "used" in printed


def test_a_database_is_checked(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish()
    assert wheelyard("database", "check").output == "Schema, rows and store agree.\n"

    wheelyard.yard.store.delete(wheel.path)
    answer = wheelyard("database", "check", "--json")

    assert answer.exit_code == 1
    assert answer.document == {
        "faults": [{"kind": "store", "subject": wheel.path, "fault": "missing"}]
    }
    assert wheel.path in wheelyard("database", "check").output


def test_another_schema_is_told(wheelyard: Commands) -> None:
    with writing(wheelyard.yard.engine) as connection:
        connection.exec_driver_sql("DROP INDEX ix_projects_due")

    answer = wheelyard("database", "check")

    assert answer.exit_code == 1
    assert "missing: projects: CREATE INDEX ix_projects_due" in answer.output


def test_a_database_is_copied(wheelyard: Commands, tmp_path: Path) -> None:
    wheelyard.yard.publish()
    url = f"sqlite:///{tmp_path / 'copy.sqlite'}"

    copied = wheelyard.json("database", "copy", url)
    assert {table["table"]: table["rows"] for table in copied["tables"]}["wheels"] == 1
    assert wheelyard("database", "copy", url).exit_code == 5

    wheelyard.set(DATABASE_URL=url)
    assert commands_given(wheelyard) == ["database copy"]
    assert wheelyard("database", "check", "--files").exit_code == 0
    assert wheelyard.json("database", "upgrade") == {"upgraded": True}
    assert wheelyard("database", "upgrade").output == "The schema is up to date.\n"
    engine = connect(url)
    assert migrate.differences(engine) == []
    engine.dispose()


def test_what_services_work_on_is_not_copied(wheelyard: Commands, tmp_path: Path) -> None:
    with writing(wheelyard.yard.engine) as connection:
        leads(connection, "follower", holder="attic:1", lasts=timedelta(minutes=1))

    answer = wheelyard("database", "copy", f"sqlite:///{tmp_path / 'copy.sqlite'}")

    assert answer.exit_code == 5
    assert "attic:1" in answer.errors
    assert not (tmp_path / "copy.sqlite").exists()


def test_a_copy_says_what_it_has_done(wheelyard: Commands, tmp_path: Path) -> None:
    printed = wheelyard("database", "copy", f"sqlite:///{tmp_path / 'copy.sqlite'}").output

    assert "projects: 1 rows, the same on both sides" in printed
    assert "All is copied." in printed


def test_a_database_that_cannot_be_reached_is_said_in_one_line(wheelyard: Commands) -> None:
    with wheelyard.yard.without_database():
        answer = wheelyard("queue", "show")

    assert (answer.exit_code, answer.output) == (3, "")
    assert answer.errors.count("\n") == 1
