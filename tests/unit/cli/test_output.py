import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from wheelyard.cli.output import plain, print_json, print_table
from wheelyard.model.build import Priority, Verdict
from wheelyard.model.names import TargetName
from wheelyard.model.project import Skip


@dataclass
class Everything:
    moment: datetime
    day: date
    while_: timedelta
    version: Version
    skip: Skip
    names: frozenset[str]
    priority: Priority
    verdict: Verdict
    nothing: None = None
    yes: bool = True


def test_json_holds_every_value_of_the_model() -> None:
    value = Everything(
        moment=datetime(2026, 11, 23, 12, tzinfo=UTC),
        day=date(2026, 11, 23),
        while_=timedelta(seconds=1.5),
        version=Version("1.0rc1"),
        skip=Skip(project="evdev", reason="no", versions=SpecifierSet("<2"), target=None),  # type: ignore[arg-type] # a name is a text
        names=frozenset({"b", "a"}),
        priority=Priority.NORMAL,
        verdict=Verdict.BUILT,
    )
    assert json.loads(json.dumps(plain([value, {1: (2.5,)}]))) == [
        {
            "moment": "2026-11-23T12:00:00+00:00",
            "day": "2026-11-23",
            "while_": 1.5,
            "version": "1.0rc1",
            "skip": {"project": "evdev", "reason": "no", "versions": "<2", "target": None},
            "names": ["a", "b"],
            "priority": "normal",
            "verdict": "built",
            "nothing": None,
            "yes": True,
        },
        {"1": [2.5]},
    ]


def test_what_is_printed_as_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"target": TargetName("bookworm-cp311-armv7l")})

    assert json.loads(capsys.readouterr().out) == {"target": "bookworm-cp311-armv7l"}


def test_in_a_pipe_a_row_is_a_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Builds", ("build", "failure"), [("1", "long " * 100), ("22", None)])

    title, headings, first, second, empty = capsys.readouterr().out.split("\n", 4)
    assert (title, headings.split()) == ("Builds", ["build", "failure"])
    assert first == "1      " + ("long " * 100).rstrip()
    assert (second, empty) == ("22", "\n")


def test_a_table_without_rows_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Builds", ("build",), [])

    assert capsys.readouterr().out == "Builds\n  none\n\n"


def test_text_from_elsewhere_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("T", ("text",), [("\x1b[31m[bold]red\n",)])

    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[31m[bold]red" in printed


def test_cells_are_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 11, 23, 12, 0, 1, 5, tzinfo=UTC)
    print_table("T", tuple("abcd"), [(moment, timedelta(minutes=61, seconds=1.4), True, None)])

    assert capsys.readouterr().out.splitlines()[2].split("  ") == [
        "2026-11-23 12:00:01",
        "1:01:01",
        "yes",
    ]
