import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from wheelyard.errors import InvalidRecipe
from wheelyard.model.build import Limits
from wheelyard.model.recipe import (
    Recipe,
    RecipeOrigin,
    RecipeRule,
    choose_recipe,
    limits_document,
    limits_of,
    parse_recipe,
    parse_versions,
    recipe_document,
)

FULL = Recipe(
    debian_packages=("libfoo-dev", "cmake"),
    environment={"CFLAGS": "-fcommon"},
    requirements=("setuptools<81", "numpy"),
    limits={"memory_bytes": 2**33, "duration": 7200},
    jobs=1,
    as_of_release=True,
    alone=True,
)


@pytest.mark.parametrize("recipe", [Recipe(), FULL])
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    assert parse_recipe(json.loads(json.dumps(recipe_document(recipe)))) == recipe


def test_what_a_recipe_does_not_say_is_not_written() -> None:
    assert recipe_document(Recipe(jobs=2)) == {"jobs": 2}


def test_the_digest_is_of_what_it_says_in_any_order() -> None:
    one = Recipe(debian_packages=("a1", "b1"), requirements=("c", "d"))
    other = Recipe(debian_packages=("b1", "a1"), requirements=("d", "c"))
    assert one.digest == other.digest
    assert len({one.digest, Recipe().digest, FULL.digest, Recipe(jobs=1).digest}) == 4


def test_limits_are_put_in_the_place_of_the_usual_ones() -> None:
    limits = FULL.limited(Limits())
    assert (limits.memory_bytes, limits.duration.total_seconds()) == (2**33, 7200)
    assert limits.processes == Limits().processes
    assert limits_of(json.loads(json.dumps(limits_document(limits)))) == limits


@pytest.mark.parametrize(
    "document",
    [
        {"packages": ["libfoo-dev"]},
        {"debian": "libfoo-dev"},
        {"debian": ["libfoo-dev; reboot"]},
        {"debian": ["evil-"]},
        {"debian": ["../x"]},
        {"debian": ["a" * 200]},
        {"debian": ["ok"] * 101},
        {"debian": [1]},
        {"requirements": ["x @ https://example.org/x.tar.gz"]},
        {"requirements": ["--index-url=https://example.org"]},
        {"requirements": ["-r/etc/passwd"]},
        {"requirements": [""]},
        {"environment": {"PATH": "/evil"}},
        {"environment": {"LD_PRELOAD": "/evil.so"}},
        {"environment": {"a b": "c"}},
        {"environment": {"A": "b\0c"}},
        {"environment": {"A": 1}},
        {"environment": ["A"]},
        {"limits": {"memory": 1}},
        {"limits": {"memory_bytes": 0}},
        {"limits": {"memory_bytes": True}},
        {"limits": {"memory_bytes": 1.5}},
        {"limits": {"memory_bytes": 2**60}},
        {"limits": [1]},
        {"jobs": 0},
        {"jobs": "1"},
        {"jobs": True},
        {"as_of_release": "yes"},
        {"alone": 1},
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_with_its_name(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecipe):
        parse_recipe(document)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["debian", "requirements", "environment", "limits", "jobs", "as_of_release", "alone"]
        )
        | st.text(),
        _JSON,
    )
)
def test_anything_at_all_is_a_recipe_or_refused(document: dict[str, Any]) -> None:
    try:
        recipe = parse_recipe(document)
    except InvalidRecipe:
        return
    assert parse_recipe(recipe_document(recipe)) == recipe


def test_versions_are_specifiers() -> None:
    assert parse_versions("") == SpecifierSet()
    assert parse_versions(">=1,<3") == SpecifierSet("<3,>=1")
    with pytest.raises(InvalidRecipe):
        parse_versions("one")


def test_without_rules_there_is_nothing_to_add() -> None:
    assert choose_recipe([], Version("1")).is_empty


def test_a_learned_rule_that_names_no_lowest_version_is_for_all() -> None:
    rule = RecipeRule(origin=RecipeOrigin.LEARNED, versions=SpecifierSet(), recipe=FULL)
    assert choose_recipe([rule], Version("0.1")) == FULL
