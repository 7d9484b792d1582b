"""The interface for programs: what it tells, and that its document says so."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from openapi_checks import CHECKS
from wheelyard.model.build import Failure, FailureKind, Verdict
from wheelyard.web.public_api import PREFIX
from yard import BOOKWORM, Yard, make_yard


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One project with a wheel, a failed build and a job that waits."""
    yard = make_yard(tmp_path_factory.mktemp("yard"))
    yard.project("Spam.Eggs", versions=("1.0", "2.0", "3.0"), summary="<b>Eggs</b>")
    yard.decide("Spam.Eggs", version="1.0", verdict=Verdict.BUILT)
    yard.publish("Spam.Eggs", version="1.0")
    build = yard.build("Spam.Eggs", version="2.0")
    failure = Failure(kind=FailureKind.COMPILE_ERROR, message="It <i>failed</i>", evidence=("x",))
    yard.end(build, log=b"one\ntwo\n", failure=failure)
    yard.decide("Spam.Eggs", version="2.0", verdict=Verdict.FAILED, reason="It failed.")
    yard.job("Spam.Eggs", version="3.0")
    yard.decide("Spam.Eggs", version="3.0")
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


def get(yard: Yard, path: str) -> Any:  # noqa: ANN401 - JSON
    answer = yard.client.get(f"{PREFIX}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_projects_are_searched(yard: Yard) -> None:
    found = get(yard, "/search?q=spam-egs")["projects"]
    assert found == [
        {
            "name": "spam-eggs",
            "display_name": "Spam.Eggs",
            "summary": "<b>Eggs</b>",
            "has_wheels": True,
            "url": "/project/spam-eggs/",
        }
    ]


def test_what_waits_is_told_with_its_place(yard: Yard) -> None:
    (job,) = get(yard, "/projects/SPAM_eggs/jobs")["jobs"]
    assert (job["version"], job["target"], job["state"]) == ("3.0", BOOKWORM, "waiting")
    assert job["before"] == 0
    queue = get(yard, "/queue")
    assert queue["next"] == [job]
    assert queue["targets"] == [{"target": BOOKWORM, "jobs": {"waiting": 1}}]
    assert get(yard, "/queue?target=other")["next"] == []


def test_attempts_are_listed_a_page_at_a_time(yard: Yard) -> None:
    everything = get(yard, "/builds")["builds"]
    assert {build["state"] for build in everything} == {"succeeded", "failed"}
    assert get(yard, "/builds?running=true")["builds"] == []
    # Both have started at the same moment, and none is lost between pages.
    assert len({build["started_at"] for build in everything}) == 1
    first = get(yard, "/builds?limit=1")
    second = get(yard, f"/builds?limit=1&before={first['before']}")
    assert first["builds"] + second["builds"] == everything
    assert second["before"] is None
    assert yard.client.get(f"{PREFIX}/builds?before={'f' * 32}").status_code == 404


def test_a_log_is_read_from_an_offset(yard: Yard) -> None:
    failed = next(b for b in get(yard, "/builds")["builds"] if b["state"] == "failed")
    assert get(yard, f"/builds/{failed['id']}")["failure"]["message"] == "It <i>failed</i>"
    piece = get(yard, f"/builds/{failed['id']}/log?offset=4")
    assert (piece["text"], piece["next"], piece["is_running"]) == ("two\n", 8, False)
    beyond = get(yard, f"/builds/{failed['id']}/log?offset=1000")
    assert (beyond["text"], beyond["next"]) == ("", 1000)


def test_builders_and_wheels_are_listed(yard: Yard) -> None:
    assert {one["state"] for one in get(yard, "/builders")["builders"]} == {"never seen"}
    (wheel,) = get(yard, "/wheels")["wheels"]
    assert yard.client.get(wheel["url"]).status_code == 200
    assert get(yard, "/projects/spam.eggs")["name"] == "spam-eggs"


def test_an_answer_that_the_client_has_is_not_sent_again(yard: Yard) -> None:
    for path in ("/search?q=spam", "/queue", "/wheels", "/projects/spam-eggs", "/builders"):
        tag = yard.client.get(f"{PREFIX}{path}").headers["ETag"]
        again = yard.client.get(f"{PREFIX}{path}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/projects/unknown", 404),
        (f"/builds/{'f' * 32}", 404),
        ("/builds/x", 422),
        ("/search", 422),
        ("/builds?limit=100000", 422),
        ("/projects/-/jobs", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(yard: Yard, path: str, status: int) -> None:
    answer = yard.client.get(f"{PREFIX}{path}")
    assert (answer.status_code, set(answer.json())) == (status, {"error", "message"})


def test_every_answer_is_one_that_the_document_knows(yard: Yard) -> None:
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", yard.app)
    paths = yard.client.get("/api/openapi.json").json()["paths"]
    operations = [(path, method) for path in paths for method in paths[path]]
    for path, method in operations:
        if not path.startswith(PREFIX):
            continue
        operation = schema[path][method]

        @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        check()
