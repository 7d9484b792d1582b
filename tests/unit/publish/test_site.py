"""Pages for people: how values are shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jinja2 import UndefinedError
from packaging.version import Version

from wheelyard.model.build import BuildState, Failure, FailureKind, Phase
from wheelyard.model.names import TargetName, parse_project_name
from wheelyard.model.summary import BuildSummary
from wheelyard.publish.site import build_page
from wheelyard.render import render, shown_duration, shown_size, shown_time

_VERSION = Version("1.0")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1_500_000, "1.4 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5000 * 1024**3, "5000.0 GiB"),
    ],
)
def test_sizes_are_readable(size: int, expected: str) -> None:
    assert shown_size(size) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3, "0.0 s"),
        (5.21, "5.2 s"),
        (184, "3 min 04 s"),
        (3725, "1 h 02 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations_are_readable(seconds: float, expected: str) -> None:
    assert shown_duration(timedelta(seconds=seconds)) == expected


def test_times_are_told_in_utc() -> None:
    assert shown_time(datetime(2026, 11, 23, 12, 5, 59, tzinfo=UTC)) == "2026-11-23 12:05 UTC"


def test_a_value_that_a_template_lacks_is_a_mistake() -> None:
    with pytest.raises(UndefinedError):
        render("home.html", root="")


def attempt(**more: Any) -> BuildSummary:  # noqa: ANN401 - any of its fields
    values: dict[str, Any] = {
        "id": "0" * 32,
        "project": parse_project_name("spam"),
        "version": _VERSION,
        "target": TargetName("bookworm-cp311-armv7l"),
        "builder": "board",
        "number": 0,
        "state": BuildState.RUNNING,
        "phase": Phase.UPLOAD,
        "started_at": datetime(2026, 11, 23, tzinfo=UTC),
        "finished_at": None,
        "failure": None,
        "log_key": None,
    }
    return BuildSummary(**values | more)


def test_the_page_of_a_failed_build_says_what_was_tried_and_what_can_be_done() -> None:
    failure = Failure(kind=FailureKind.MISSING_SYSTEM_PACKAGE, message="No <foo.h>.")
    ended = {
        "state": BuildState.FAILED,
        "finished_at": datetime(2026, 11, 23, 1, tzinfo=UTC),
        "failure": failure,
    }
    cause = {"kind": "missing-header", "subject": "<foo.h>"}
    last = attempt(**ended, causes=(cause,), treatment="nothing <b>is known that would help")
    first = attempt(**ended, causes=(cause,), treatment="it is tried again with libfoo-dev")
    page = build_page(last, before=[first], server_url="https://yard.example.org/").decode()
    assert "<li>No &lt;foo.h&gt;: it is tried again with libfoo-dev</li>" in page
    assert "nothing &lt;b&gt;is known" in page
    assert "wheelyard recipe set" in page
    assert f"wheelyard reproduce spam=={_VERSION} --target bookworm-cp311-armv7l" in page
    assert "--server https://yard.example.org/" in page


def test_the_page_of_a_running_build_tells_its_phase() -> None:
    page = build_page(attempt(), server_url="https://yard.example.org/")
    assert b"What you can do" not in page
    assert b"upload (load the page again for news)" in page
    assert b"Took" not in page
