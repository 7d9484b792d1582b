"""`wheelyard recipe …` and `wheelyard failure …`."""

import tomllib

import pytest
from packaging.version import Version

from commands import Commands
from wheelyard.database import examinations
from wheelyard.database.builds import close_build
from wheelyard.database.engine import writing
from wheelyard.database.examinations import Finding
from wheelyard.database.queue import complete, record_decision
from wheelyard.model.build import BuildState, Decision, Failure, FailureKind, Verdict
from wheelyard.model.names import parse_project_name
from yard import BOOKWORM


def fail(wheelyard: Commands, *, subject: str = "foo.h") -> None:
    """Have spam 1.0 failed for want of a header, and looked into."""
    yard = wheelyard.yard
    build_id = yard.build()
    now = yard.clock.now()
    failure = Failure(
        kind=FailureKind.MISSING_SYSTEM_PACKAGE,
        message=f"The header {subject} is not there.",
        evidence=(f"fatal error: {subject}",),
    )
    finding = Finding(
        kind="missing-header", subject=subject, evidence=(1,), confidence=0.9, remedy=None
    )
    with writing(yard.engine) as connection:
        complete(connection, build_id=build_id)
        close_build(
            connection,
            build_id=build_id,
            state=BuildState.FAILED,
            finished_at=now,
            failure=failure,
            unexamined=True,
        )
        examinations.record_examination(
            connection, build_id, [finding], treatment="nothing is known that would help"
        )
        decision = Decision(
            project=parse_project_name("spam"),
            version=Version("1.0"),
            target=BOOKWORM,
            verdict=Verdict.FAILED,
            reason=failure.message,
        )
        record_decision(connection, decision, at=now)


def test_a_recipe_is_set_shown_exported_imported_and_removed(wheelyard: Commands) -> None:
    fail(wheelyard)
    answer = wheelyard.json(
        *("recipe", "set", "spam", "--versions", "<2", "--debian", "libfoo-dev"),
        *(
            "--require",
            "Cython<3",
            "--env",
            "CFLAGS=-O1",
            "--limit",
            "memory_bytes=9",
            "--jobs",
            "1",
        ),
    )
    assert answer["retried"] == 1
    [shown] = wheelyard.json("recipe", "show", "spam")
    assert shown == {
        "project": "spam",
        "versions": "<2",
        "origin": "person",
        "debian": ["libfoo-dev"],
        "requirements": ["Cython<3"],
        "environment": {"CFLAGS": "-O1"},
        "limits": {"memory_bytes": 9},
        "jobs": 1,
    }
    assert "libfoo-dev" in wheelyard("recipe", "show", "spam").output
    exported = wheelyard("recipe", "export").output
    assert tomllib.loads(exported) == {"recipe": [shown]}
    wheelyard("recipe", "remove", "spam", "--versions", "<2")
    assert wheelyard("recipe", "show", "spam").exit_code == 4
    file = wheelyard.yard.folder / "recipes.toml"
    file.write_text(exported, encoding="utf-8")
    assert wheelyard.json("recipe", "import", str(file), "--dry-run")["recipes"] == 1
    assert wheelyard("recipe", "show", "spam").exit_code == 4
    wheelyard("recipe", "import", str(file))
    assert wheelyard.json("recipe", "show", "spam") == [shown]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipe = 1", "tables [[recipe]]"),
        ("[[recipe]]\ndebian = ['a1']", "name of its project"),
        ("[[recipe]]\nproject = 'spam'\ndebian = ['a; b']", "debian"),
        ("[[recipe]]\nproject = 'spam'\nversions = 'one'", "one"),
        ("[[recipe]]\nproject = '../x'\ndebian = ['ab']", "../x"),
        ("[[recipe]]\nproject = 'spam'\norigin = 'nobody'", "origin"),
        ("[[recipe", "no TOML"),
        ("other = 1", "tables [[recipe]]"),
    ],
)
def test_recipes_that_cannot_be_used_are_refused_whole(
    wheelyard: Commands, text: str, said: str
) -> None:
    file = wheelyard.yard.folder / "recipes.toml"
    file.write_text("[[recipe]]\nproject='eggs'\njobs=1\n" + text if "[[" in text else text)
    answer = wheelyard("recipe", "import", str(file))
    assert answer.exit_code == 2
    assert said in answer.errors
    assert wheelyard("recipe", "show", "eggs").exit_code == 4


@pytest.mark.parametrize(
    "words",
    [
        ("set", "spam"),
        ("set", "spam", "--env", "nothing"),
        ("set", "spam", "--limit", "memory_bytes=much"),
        ("set", "spam", "--limit", "money=1"),
        ("set", "spam", "--debian", "Lib Foo"),
        ("set", "spam", "--require", "a b"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(
    wheelyard: Commands, words: tuple[str, ...]
) -> None:
    assert wheelyard("recipe", *words).exit_code == 2


def test_failures_are_listed_explained_and_tried_again(wheelyard: Commands) -> None:
    fail(wheelyard)
    [group] = wheelyard.json("failure", "list")
    assert (group["kind"], group["subject"], group["projects"]) == ("missing-header", "foo.h", 1)
    assert "foo.h" in wheelyard("failure", "list").output
    assert wheelyard.json("failure", "list", "missing-library") == []
    explained = wheelyard("failure", "explain", "spam==1.0").output
    assert "The header foo.h is not there." in explained
    assert "nothing is known that would help" in explained
    assert "wheelyard reproduce spam==1.0" in explained
    again = ("failure", "retry", "missing-header", "foo.h")
    assert wheelyard.json(*again, "--dry-run")["asked"] is False
    assert wheelyard.json("queue", "list")["jobs"] == []
    assert [one["project"] for one in wheelyard.json(*again)["builds"]] == ["spam"]
    assert [job["project"] for job in wheelyard.json("queue", "list")["jobs"]] == ["spam"]
    assert wheelyard("failure", "retry", "missing-header", "bar.h").exit_code == 4
    assert wheelyard("failure", "explain", "spam==9").exit_code == 4
    assert wheelyard("failure", "explain", "spam").exit_code == 2
    assert wheelyard.json("failure", "regressions") == []


def test_what_was_never_built_cannot_be_reproduced(wheelyard: Commands) -> None:
    answer = wheelyard("reproduce", "spam==1.0")
    assert answer.exit_code == 4
    assert "It was never built there" in answer.errors
    assert wheelyard("reproduce", "spam").exit_code == 2
    assert wheelyard("reproduce", "spam==1.0", "--shell").exit_code == 4
    away = wheelyard("reproduce", "spam==1.0", "--server", "http://127.0.0.1:1/")
    assert away.exit_code == 3
