"""The builders' interface is what its OpenAPI document says, whatever one sends to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from openapi_checks import CHECKS
from wheelyard.protocol import PREFIX
from yard import BOOKWORM, Yard, make_yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project()
    yield yard
    yard.engine.dispose()


@pytest.fixture
def token(yard: Yard) -> str:
    return yard.builder()


OPERATIONS = (
    ("POST", "/register"),
    ("PUT", "/environments/{digest}"),
    ("POST", "/claim"),
    ("POST", "/builds/{build_id}/heartbeat"),
    ("GET", "/builds/{build_id}/files/{filename}"),
    ("PUT", "/builds/{build_id}/files/{filename}/parts/{number}"),
    ("POST", "/builds/{build_id}/finish"),
)


def leased_build(yard: Yard, token: str) -> str:
    """Give the builder a job, so that what is said about a build finds one."""
    yard.job()
    message = {"targets": [BOOKWORM], "free_memory_bytes": 1}
    headers = {"Authorization": f"Bearer {token}"}
    answer = yard.client.post(f"{PREFIX}/claim", json=message, headers=headers)
    return str(answer.json()["build_id"])


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_that_the_document_knows(
    yard: Yard, token: str, method: str, path: str
) -> None:
    build_id = leased_build(yard, token)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", yard.app)
    operation = schema[f"{PREFIX}{path}"][method]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case[Any]) -> None:
        # A claim that waits would only make the test slow.
        if isinstance(case.body, dict) and "wait_seconds" in case.body:
            case.body["wait_seconds"] = 0
        if "build_id" in case.path_parameters:
            case.path_parameters["build_id"] = build_id
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {token}"})

    check()


def test_the_document_lists_exactly_the_builders_end_points(yard: Yard) -> None:
    document = yard.client.get("/api/openapi.json").json()
    calls = {
        f"{method.upper()} {path.removeprefix(PREFIX)}"
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith(PREFIX)
    }
    assert calls == {f"{method} {path}" for method, path in OPERATIONS}


def test_every_end_point_is_described_with_its_errors(yard: Yard) -> None:
    document = yard.client.get("/api/openapi.json").json()
    for path, methods in document["paths"].items():
        for call in methods.values():
            assert call["description"]
            for status in ("401", "422", "503") if path.startswith(PREFIX) else ("422", "503"):
                answer = call["responses"][status]["content"]["application/json"]["schema"]
                assert answer == {"$ref": "#/components/schemas/Problem"}


def test_the_story_in_the_documents_names_every_end_point(yard: Yard) -> None:
    story = (Path(__file__).parents[2] / "docs/builder-api.md").read_text(encoding="utf-8")
    document = yard.client.get("/api/openapi.json").json()
    for path in document["paths"]:
        if not path.startswith(PREFIX):
            continue
        told = path.removeprefix(PREFIX).replace("{build_id}", "ID").replace("{number}", "0")
        shown = told.replace("{filename}", "FILENAME")
        example = told.replace("{filename}", "spam-1.0-cp311-cp311-linux_armv7l.whl")
        assert shown in story or example in story, path
