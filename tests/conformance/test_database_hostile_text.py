"""Text and numbers from elsewhere: stored exactly, or refused cleanly, the same on both."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import (
    NOW,
    PROJECT,
    TARGET,
    decision,
    digest,
    failure,
    project_page,
    target,
    upstream_file,
)
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.database import builders, builds, decisions, projects, state
from wheelyard.database.columns import clean
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.targets import save_targets
from wheelyard.errors import BadInput
from wheelyard.model.build import BuildState
from wheelyard.model.project import ProjectPage

NASTY = [
    "'; DROP TABLE jobs; --",
    '"quoted" \\ %s :name ? %(name)s',
    "line\nbreak\r\ttab\x1b[31m\x07",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{SNAKE}\N{COMBINING ACUTE ACCENT}\ufeff\uffff",
    "<script>alert(1)</script>",
    "x" * 1_000_000,
    "",
]
UNSTORABLE = ["nul \0 inside", "lone \ud800 surrogate", "\udcff"]


def saved(engine: Engine, page: ProjectPage) -> ProjectPage | None:
    with writing(engine) as connection:
        projects.save_page(connection, page, at=NOW)
    with reading(engine) as connection:
        return projects.stored_page(connection, PROJECT)


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_text_comes_back_exactly(engine: Engine, nasty: str) -> None:
    page = project_page(
        upstream_file(
            url=nasty,
            hashes={"sha256": nasty},
            requires_python=nasty,
            yanked_reason=nasty,
            core_metadata={nasty: nasty},
            provenance=nasty,
        ),
        display_name=nasty,
        status_reason=nasty,
        summary=nasty,
    )

    found = saved(engine, page)
    # A factory cannot tell an empty URL from none.
    assert found == (page if nasty else replace(page, files=found.files if found else ()))


@pytest.mark.parametrize("text", UNSTORABLE)
def test_text_for_people_is_cleaned_of_what_no_database_holds(engine: Engine, text: str) -> None:
    page = project_page(
        upstream_file(yanked_reason=text, requires_python=text), summary=text, status_reason=text
    )

    found = saved(engine, page)
    assert found is not None
    assert found.summary == found.files[0].yanked_reason == clean(text)
    with writing(engine) as connection:
        assert not projects.save_page(connection, page, at=NOW)


@pytest.mark.parametrize("text", UNSTORABLE)
@pytest.mark.parametrize("field", ["url", "provenance", "filename"])
def test_text_that_identifies_something_is_refused(engine: Engine, field: str, text: str) -> None:
    page = project_page(replace(upstream_file(), **{field: text}))  # type: ignore[arg-type] # any text field

    with pytest.raises(BadInput):
        saved(engine, page)
    with reading(engine) as connection:
        assert projects.stored_page(connection, PROJECT) is None


@pytest.mark.parametrize("text", UNSTORABLE)
def test_hashes_and_metadata_come_back_exactly_whatever_they_hold(
    engine: Engine, text: str
) -> None:
    page = project_page(upstream_file(hashes={"sha256": text}, core_metadata={text: text}))

    assert saved(engine, page) == page


def test_a_name_that_is_absurdly_long_is_refused(engine: Engine) -> None:
    with pytest.raises(BadInput, match="At most 300 characters"):
        saved(engine, project_page(upstream_file("x" * 301)))


@pytest.mark.parametrize("size", [2**63, -(2**64), 10**400 // 7])
def test_a_number_that_is_too_large_is_refused(engine: Engine, size: int) -> None:
    with pytest.raises(BadInput, match="The number is too large"):
        saved(engine, project_page(upstream_file(size=size)))


@pytest.mark.parametrize("size", [2**63 - 1, 0])
def test_the_largest_number_comes_back(engine: Engine, size: int) -> None:
    page = project_page(upstream_file(size=size), serial=size)

    assert saved(engine, page) == page


@pytest.mark.parametrize("text", [*NASTY, *UNSTORABLE], ids=range(len(NASTY + UNSTORABLE)))
def test_a_failure_is_kept_whatever_the_log_held(engine: Engine, text: str) -> None:
    told = failure(message=text, subject=text, evidence=[text, text])
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        finish(connection, state=BuildState.FAILED, failure=told)

        build = builds.build_summary(connection, build_id())
    kept = clean(text)
    assert build is not None
    assert build.failure == failure(message=kept, subject=kept, evidence=[kept, kept])


@pytest.mark.parametrize("text", UNSTORABLE)
def test_the_reason_of_a_decision_and_of_a_failed_poll_are_cleaned(
    engine: Engine, text: str
) -> None:
    with writing(engine) as connection:
        save_targets(connection, [target(TARGET)])
        decisions.record_decision(connection, decision(reason=text), at=NOW)
        projects.record_poll_failure(connection, PROJECT, at=NOW, error=text)

        found = projects.project_overview(connection, PROJECT)
    assert found is not None
    assert (found.error, found.decisions[0].reason) == (clean(text), clean(text))


@pytest.mark.parametrize("text", UNSTORABLE)
def test_a_builders_name_is_refused(engine: Engine, text: str) -> None:
    def add() -> None:
        with writing(engine) as connection:
            builders.add_builder(
                connection, name=text, token_hash=digest(), targets=frozenset(), at=NOW
            )

    with pytest.raises(BadInput, match="not allowed"):
        add()
    with reading(engine) as connection:
        assert builders.all_builders(connection) == []


@given(text=st.text())
@settings(max_examples=50)
def test_any_value_comes_back_exactly(engine: Engine, text: str) -> None:
    with writing(engine) as connection:
        state.put_state(connection, "name", {text: [text]})
        assert state.get_state(connection, "name") == {text: [text]}


@given(text=st.text(alphabet=st.characters(codec=None, categories=None)))
@settings(max_examples=200)
def test_cleaned_text_can_be_stored_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)

    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned
    assert len(cleaned) >= len(text.replace("\0", ""))
