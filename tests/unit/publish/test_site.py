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


def shown(build: BuildSummary, **more: Any) -> str:  # noqa: ANN401 - whatever the page takes
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)
    return build_page(build, now=now, server_url="https://yard.example.org/", **more).decode()


def test_the_page_of_a_failed_build_says_what_was_tried_and_what_can_be_done() -> None:
    failure = Failure(kind=FailureKind.MISSING_SYSTEM_PACKAGE, message="No <foo.h>.")
    ended = {
        "state": BuildState.FAILED,
        "finished_at": datetime(2026, 11, 23, 1, tzinfo=UTC),
        "failure": failure,
    }
    cause = {"kind": "missing-header", "subject": "<foo.h>", "evidence": [2]}
    last = attempt(**ended, causes=(cause,), treatment="nothing <b>is known that would help")
    first = attempt(**ended, causes=(cause,), treatment="it is tried again with libfoo-dev")
    page = shown(last, before=[first], log=b"before\nspam.c: <foo.h> is missing\nafter\n")
    assert "it is tried again with libfoo-dev" in page
    assert "nothing &lt;b&gt;is known" in page
    assert "wheelyard recipe set" in page
    assert f"wheelyard reproduce spam=={_VERSION} --target bookworm-cp311-armv7l" in page
    assert "--server https://yard.example.org/" in page
    assert '<mark id="L2">spam.c: &lt;foo.h&gt; is missing</mark>' in page
    assert '<a href="#L2">' in page


def test_the_page_of_a_failed_build_without_a_log_shows_what_the_builder_said() -> None:
    failure = Failure(kind=FailureKind.TIMEOUT, message="Too long.", evidence=("x < y",))
    ended_at = datetime(2026, 11, 23, 1, tzinfo=UTC)
    failed = attempt(state=BuildState.FAILED, finished_at=ended_at, failure=failure)
    page = shown(failed, log=None)
    assert "There is no log of this build." in page
    assert "x &lt; y" in page


def test_the_page_of_a_running_build_tells_its_phase() -> None:
    page = shown(attempt(), log=b"one\ntwo\n", offset=8)
    assert "Why it failed" not in page
    assert '<li aria-current="step">upload</li>' in page
    assert "Took" not in page
    assert ">one\ntwo\n</pre>" in page
    assert 'data-offset="8"' in page
    assert f'data-log="../../api/v1/builds/{"0" * 32}/log"' in page
