"""No page of any kind goes on naming what upstream withdrew."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.database import projects
from wheelyard.database.engine import writing
from wheelyard.model.build import Failure, FailureKind, Verdict
from wheelyard.model.names import parse_project_name
from wheelyard.queue.withdrawal import settle_wheels
from withdrawn import quarantined, upstream_page, upstream_says
from yard import Yard, make_yard

SPAM = parse_project_name("spam")
GONE = "1.5.7"
FAILED = Failure(kind=FailureKind.COMPILE_ERROR, message="No.")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project(versions=(GONE, "2.0"))
    yield yard
    yard.engine.dispose()


def remove_release(yard: Yard) -> None:
    page = upstream_page(yard, SPAM)
    upstream_says(
        yard, replace(page, files=tuple(file for file in page.files if GONE not in file.filename))
    )
    yard.publisher.tick()


def quarantine(yard: Yard) -> None:
    upstream_says(yard, quarantined(upstream_page(yard, SPAM)))
    yard.publisher.tick()


def remove_project(yard: Yard) -> None:
    with writing(yard.engine) as connection:
        projects.remove_project(connection, SPAM, at=yard.clock.now())
        settle_wheels(connection, SPAM)
    yard.publisher.tick()


WAYS = pytest.mark.parametrize("withdraw", [remove_release, quarantine, remove_project])


def naming_it(yard: Yard, build_id: str) -> list[str]:
    paths = (
        *("/", "/project/spam/", "/project/spam/index.json", "/simple/spam/"),
        *(f"/build/{build_id}/", f"/logs/{build_id}.log", "/api/", "/api/v1/builds"),
        *("/project/spam/versions/", "/api/v1/projects/spam/versions", "/project/spam/feed.atom"),
    )
    answers = {path: yard.client.get(path) for path in paths}
    return [
        path
        for path, answer in answers.items()
        if GONE in answer.text or build_id in answer.text or "secret" in answer.text
    ]


@WAYS
def test_a_decision_about_it_is_on_no_page(yard: Yard, withdraw: Callable[[Yard], None]) -> None:
    yard.decide(version=GONE, verdict=Verdict.BUILT)
    yard.publisher.tick()
    assert naming_it(yard, "0" * 32) == [
        *("/", "/project/spam/", "/project/spam/index.json"),
        *("/project/spam/versions/", "/api/v1/projects/spam/versions"),
    ]
    withdraw(yard)
    assert naming_it(yard, "0" * 32) == []


@WAYS
def test_a_build_that_gave_no_wheel_is_on_no_page_and_its_log_is_not_served(
    yard: Yard, withdraw: Callable[[Yard], None]
) -> None:
    build_id = yard.build(version=GONE)
    yard.end(build_id, log=b"secret\n", failure=FAILED)
    yard.publisher.tick()
    assert len(naming_it(yard, build_id)) == 7
    withdraw(yard)
    assert naming_it(yard, build_id) == []


@WAYS
def test_a_build_of_it_that_still_runs_is_on_no_page(
    yard: Yard, withdraw: Callable[[Yard], None]
) -> None:
    build_id = yard.build(version=GONE)
    assert naming_it(yard, build_id) == [f"/build/{build_id}/", "/api/v1/builds"]
    withdraw(yard)
    assert naming_it(yard, build_id) == []


def test_an_old_build_beyond_those_that_a_page_lists_is_gone_too(yard: Yard) -> None:
    first = yard.build(version=GONE)
    yard.end(first, log=b"secret\n", failure=FAILED)
    for _ in range(60):
        yard.clock.advance(timedelta(minutes=1))
        yard.end(yard.build(version="2.0"), failure=FAILED)
    quarantine(yard)
    assert naming_it(yard, first) == []
