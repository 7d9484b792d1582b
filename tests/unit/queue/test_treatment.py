from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from wheelyard.diagnosis.cause import Cause, CauseKind, Remedy
from wheelyard.model.build import FailureKind
from wheelyard.model.healing import Attempt, Patient
from wheelyard.model.names import parse_project_name
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import target_from_name
from wheelyard.queue.treatment import treatment

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FOO = Cause(
    kind=CauseKind.MISSING_HEADER,
    subject="foo.h",
    confidence=0.9,
    remedy=Remedy(debian=("libfoo-dev",)),
)
UNKNOWN = Cause(kind=CauseKind.UNKNOWN)


def attempt(
    *,
    recipe: Recipe = Recipe(),  # noqa: B008 - it is immutable
    number: int = 0,
    failure: FailureKind = FailureKind.MISSING_SYSTEM_PACKAGE,
    has_layers: bool = True,
    cause: tuple[str, str | None] | None = None,
) -> Attempt:
    return Attempt(
        build_id=f"{number:032x}",
        recipe=recipe,
        round=number,
        failure=failure,
        has_layers=has_layers,
        cause=cause,
    )


def patient(*attempts: Attempt, age: timedelta | None = timedelta(days=10)) -> Patient:
    return Patient(
        project=parse_project_name("spam"),
        version=Version("1.0"),
        target=target_from_name("bookworm-cp311-armv7l"),
        release=1,
        target_id=1,
        sdist=1,
        released_at=None if age is None else NOW - age,
        log_key=None,
        message="It failed.",
        subject=None,
        attempts=attempts,
        recent=len(attempts),
    )


def tried(found: Patient, *causes: Cause, hints: tuple[str, ...] = ()) -> Recipe | None:
    return treatment(found, causes, hints=hints, rounds=4, at=NOW).recipe


def test_the_remedies_of_all_likely_causes_are_added_at_once() -> None:
    bar = Cause(
        kind=CauseKind.MISSING_LIBRARY,
        subject="-lbar",
        confidence=0.6,
        remedy=Remedy(debian=("libbar-dev",), requirements=("Cython<3",), environment={"A": "b"}),
    )
    vague = Cause(
        kind=CauseKind.MISSING_LIBRARY,
        subject="-lbaz",
        confidence=0.3,
        remedy=Remedy(debian=("libbaz-dev",)),
    )
    assert tried(patient(attempt()), FOO, bar, vague) == Recipe(
        debian_packages=("libfoo-dev", "libbar-dev"),
        requirements=("Cython<3",),
        environment={"A": "b"},
    )


def test_what_the_last_recipe_had_is_kept() -> None:
    last = attempt(recipe=Recipe(requirements=("numpy<2",)), number=1)
    assert tried(patient(attempt(), last), FOO) == Recipe(
        debian_packages=("libfoo-dev",), requirements=("numpy<2",)
    )


@pytest.mark.parametrize(
    "kind",
    [
        CauseKind.DELIBERATE,
        CauseKind.LIBRARY_TOO_OLD,
        CauseKind.PYTHON2_ONLY,
        CauseKind.PYTHON_REFUSED,
        CauseKind.SDIST_INVALID,
        CauseKind.WRONG_OS,
    ],
)
def test_what_no_recipe_can_mend_is_left_alone(kind: CauseKind) -> None:
    old = patient(attempt(failure=FailureKind.UNKNOWN), age=timedelta(days=4000))
    assert tried(old, Cause(kind=kind), hints=("libfoo-dev",)) is None


@pytest.mark.parametrize(
    "failure", [FailureKind.OPTED_OUT, FailureKind.NO_SDIST, FailureKind.OUTPUT_LIMIT]
)
def test_what_is_not_for_want_of_anything_is_left_alone(failure: FailureKind) -> None:
    old = patient(attempt(failure=failure), age=timedelta(days=4000))
    assert tried(old, UNKNOWN, hints=("libfoo-dev",)) is None


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(days=400), True), (timedelta(days=300), False), (None, False)],
)
def test_old_tools_are_for_old_releases(age: timedelta | None, *, expected: bool) -> None:
    found = patient(attempt(failure=FailureKind.UNKNOWN), age=age)
    recipe = tried(found, UNKNOWN)
    assert (recipe == Recipe(as_of_release=True)) is expected
    assert (recipe is None) is not expected


def test_a_requirement_without_a_wheel_is_waited_for() -> None:
    found = patient(attempt(failure=FailureKind.NO_DEPENDENCY_WHEEL))
    cause = Cause(kind=CauseKind.MISSING_BUILD_DEPENDENCY, subject="eggs<2")
    chosen = treatment(found, [cause], hints=(), rounds=0, at=NOW)
    assert (chosen.requirement, chosen.recipe) == ("eggs<2", None)


def test_in_an_old_index_nothing_is_waited_for() -> None:
    last = attempt(recipe=Recipe(as_of_release=True), failure=FailureKind.NO_DEPENDENCY_WHEEL)
    cause = Cause(kind=CauseKind.MISSING_BUILD_DEPENDENCY, subject="eggs<2")
    chosen = treatment(patient(last), [cause], hints=(), rounds=4, at=NOW)
    assert (chosen.requirement, chosen.recipe) == (None, None)


_RECIPES = st.builds(
    Recipe,
    debian_packages=st.lists(st.sampled_from(["a1", "b1", "c1"]), unique=True).map(tuple),
    requirements=st.lists(st.sampled_from(["x<2", "y"]), unique=True).map(tuple),
    as_of_release=st.booleans(),
)
_CAUSES = st.builds(
    Cause,
    kind=st.sampled_from(CauseKind),
    subject=st.sampled_from(["foo.h", "bar.h", None]),
    confidence=st.floats(0, 1),
    remedy=st.none()
    | st.builds(
        Remedy,
        debian=st.lists(st.sampled_from(["a1", "b1", "c1", "d1"])).map(tuple),
        requirements=st.lists(st.sampled_from(["x<2", "y", "z"])).map(tuple),
    ),
)


@given(
    attempts=st.lists(
        st.tuples(_RECIPES, st.sampled_from(FailureKind), st.booleans()), min_size=1, max_size=6
    ),
    causes=st.lists(_CAUSES, min_size=1, max_size=3),
    hints=st.lists(st.sampled_from(["a1", "e1"]), unique=True),
    days=st.none() | st.integers(0, 9000),
)
def test_whatever_happened_no_recipe_is_tried_twice_and_the_end_comes(
    attempts: list[tuple[Recipe, FailureKind, bool]],
    causes: list[Cause],
    hints: list[str],
    days: int | None,
) -> None:
    made = [
        attempt(recipe=recipe, number=number, failure=failure, has_layers=has_layers)
        for number, (recipe, failure, has_layers) in enumerate(attempts)
    ]
    found = patient(*made, age=None if days is None else timedelta(days=days))
    chosen = treatment(found, causes, hints=hints, rounds=4, at=NOW)
    assert chosen.reason
    if chosen.recipe is None:
        return
    is_ladder = made[-1].failure in {
        *(FailureKind.OUT_OF_MEMORY, FailureKind.TIMEOUT),
        *(FailureKind.PROCESS_LIMIT, FailureKind.DISK_FULL),
    }
    assert is_ladder or made[-1].round < 4
    assert is_ladder or chosen.recipe.digest not in {one.recipe.digest for one in made}
    assert made[-1].has_layers or chosen.recipe.debian_packages == made[-1].recipe.debian_packages
