"""`wheelyard project …` and `wheelyard release …`."""

import pytest
from packaging.version import Version

from commands import Commands
from wheelyard.database.cross_failures import record_cross_failure
from wheelyard.database.engine import writing
from wheelyard.model.build import Verdict
from wheelyard.model.names import parse_project_name
from yard import BOOKWORM


def history(wheelyard: Commands) -> list[tuple[str, dict[str, object], dict[str, object]]]:
    entries = wheelyard.json("database", "audit")["entries"]
    return [(one["command"], one["arguments"], one["outcome"]) for one in entries]


def test_a_project_is_asked_for_and_shown(wheelyard: Commands) -> None:
    assert wheelyard.json("project", "add", "Evdev==1.6", "docopt") == {
        "wanted": [
            {"project": "evdev", "version": "1.6", "force": False},
            {"project": "docopt", "version": None, "force": False},
        ]
    }
    shown = wheelyard.json("project", "show", "evdev")
    assert (shown["name"], shown["read_at"]) == ("evdev", None)
    assert shown["wants"] == [{"project": "evdev", "version": "1.6", "force": False}]
    assert history(wheelyard) == [
        ("project add", {"projects": ["Evdev==1.6", "docopt"], "force": False}, {})
    ]


def test_everything_about_a_project_is_shown_in_tables(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish()
    wheelyard.yard.job(version="2.0")
    wheelyard.yard.decide(reason="There is [no] wheel.")

    printed = wheelyard("project", "show", "SPAM").output

    assert "spam: active, wanted: newest" in printed
    for expected in (wheel.file.filename, wheel.build_id, "There is [no] wheel.", "waiting"):
        assert expected in printed


@pytest.mark.parametrize(
    "words",
    [
        ("project", "show", "ham"),
        ("project", "remove", "ham"),
        ("project", "rebuild", "ham"),
        ("project", "unskip", "spam"),
        ("project", "rebuild", "spam"),
        ("release", "show", "spam==7.0"),
        ("upstream", "reconcile", "ham"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(wheelyard: Commands, words: tuple[str, ...]) -> None:
    answer = wheelyard(*words)

    assert (answer.exit_code, answer.output) == (4, "")
    assert answer.errors.startswith("wheelyard: ")
    assert answer.errors.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("project", "show", "no such name"),
        ("project", "skip", "spam", "--reason", "x", "--versions", "new ones"),
        ("project", "skip", "spam", "--reason", "x", "--target", "moon"),
        ("release", "show", "spam"),
        ("release", "rebuild", "spam"),
    ],
)
def test_what_cannot_be_read_is_refused(wheelyard: Commands, words: tuple[str, ...]) -> None:
    answer = wheelyard(*words)

    assert (answer.exit_code, answer.output) == (2, "")
    assert answer.errors.count("\n") == 1
    assert history(wheelyard) == []


def test_a_project_is_skipped_and_taken_up_again(wheelyard: Commands) -> None:
    wheelyard.json("project", "skip", "spam", "--reason", "too old", "--versions", "<2")
    wheelyard.json("project", "skip", "spam", "--reason", "too slow", "--target", BOOKWORM)
    wheelyard.json("project", "skip", "spam", "--reason", "all of it")

    lifted = wheelyard.json("project", "unskip", "spam", "--versions", "<2")["lifted"]
    assert [skip["reason"] for skip in lifted] == ["too old"]
    shown = wheelyard.json("project", "show", "spam")["skips"]
    assert [skip["reason"] for skip in shown] == ["too slow", "all of it"]

    assert len(wheelyard.json("project", "unskip", "spam")["lifted"]) == 2
    assert wheelyard.json("project", "show", "spam")["skips"] == []
    assert [command for command, _, _ in history(wheelyard)] == [
        *(["project unskip"] * 2),
        *(["project skip"] * 3),
    ]


def test_a_dry_rebuild_changes_nothing(wheelyard: Commands) -> None:
    wheelyard.yard.publish()
    wheelyard.yard.decide(verdict=Verdict.BUILT)
    expected = [{"version": "1.0", "target": BOOKWORM}]

    dry = wheelyard.json("project", "rebuild", "spam", "--dry-run")
    assert dry == {"project": "spam", "asked": False, "rebuilds": expected}
    assert wheelyard.json("queue", "list")["jobs"] == []
    assert history(wheelyard) == []

    asked = wheelyard.json("release", "rebuild", "spam==1.0")
    assert asked == {"project": "spam", "asked": True, "rebuilds": expected}
    (job,) = wheelyard.json("queue", "list")["jobs"]
    assert (job["project"], job["priority"]) == ("spam", "rebuild")
    assert [command for command, _, _ in history(wheelyard)] == ["release rebuild"]


def test_a_release_is_shown_with_upstreams_files(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish()
    wheelyard.yard.publish(version="2.0")

    shown = wheelyard.json("release", "show", "spam==1.0")

    assert [file["filename"] for file in shown["files"]] == ["spam-1.0.tar.gz"]
    assert [one["file"]["filename"] for one in shown["wheels"]] == [wheel.file.filename]
    assert [build["id"] for build in shown["builds"]] == [wheel.build_id]
    printed = wheelyard("release", "show", "spam==1.0").output
    assert "spam-1.0.tar.gz" in printed
    assert "spam-2.0" not in printed


def test_a_dry_removal_changes_nothing(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish()
    wheelyard.yard.publisher.tick()

    dry = wheelyard.json("project", "remove", "spam", "--dry-run")

    assert dry == {
        "project": "spam",
        "removed": False,
        "decisions": 0,
        "jobs": 0,
        "builds": 1,
        "wheels": 1,
        "logs": 1,
    }
    assert wheelyard.yard.client.get(f"/{wheel.path}").status_code == 200
    assert history(wheelyard) == []


def test_a_project_is_removed(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish()
    wheelyard.yard.publisher.tick()

    assert wheelyard.json("project", "remove", "spam", "--skip", "broken")["removed"]

    assert wheelyard.yard.client.get(f"/{wheel.path}").status_code == 404
    assert wheelyard.yard.client.get("/project/spam/").status_code == 404
    assert [skip["reason"] for skip in wheelyard.json("project", "show", "spam")["skips"]] == [
        "broken"
    ]
    ((command, arguments, outcome),) = history(wheelyard)
    assert (command, arguments) == ("project remove", {"name": "spam", "skip": "broken"})
    assert outcome["wheels"] == 1
    assert wheelyard("database", "check", "--files").exit_code == 0


def test_what_would_be_followed_again_is_not_removed(wheelyard: Commands) -> None:
    wheelyard.set(POLICY__FOLLOW="everything")

    answer = wheelyard("project", "remove", "spam")

    assert answer.exit_code == 5
    assert "--skip" in answer.errors
    assert wheelyard("project", "remove", "spam", "--skip", "broken").exit_code == 0


def test_what_cross_compilers_fail_with_is_shown_and_can_be_forgotten(wheelyard: Commands) -> None:
    yard, spam = wheelyard.yard, parse_project_name("spam")
    with writing(yard.engine) as connection:
        record_cross_failure(
            connection,
            spam,
            Version("1.5"),
            "armv7l",
            "compile-error: no",
            at=yard.clock.now(),
        )

    printed = wheelyard("project", "show", "spam").output
    assert "Not cross-compiled" in printed
    assert "compile-error: no" in printed
    [shown] = wheelyard.json("project", "show", "spam")["cross_failures"]
    assert (shown["versions"], shown["architecture"]) == (">=1.5", "armv7l")

    assert wheelyard.json("project", "retry-cross", "spam") == {"project": "spam", "forgotten": 1}
    assert wheelyard("project", "retry-cross", "spam").exit_code == 4
    assert history(wheelyard)[-1] == ("project retry-cross", {"name": "spam"}, {})
