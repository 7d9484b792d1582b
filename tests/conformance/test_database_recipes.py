"""Recipes on record, on both databases: whose comes first, and what is learned."""

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from factories import NOW, PROJECT
from stocked import stock
from wheelyard.database import recipes
from wheelyard.database.engine import Engine, writing
from wheelyard.model.recipe import Recipe, RecipeOrigin, RecipeRule

FOO = Recipe(debian_packages=("libfoo-dev",))
BAR = Recipe(debian_packages=("libbar-dev",), limits={"memory_bytes": 2**33}, jobs=1)


def persons(recipe: Recipe, versions: str = "") -> RecipeRule:
    return RecipeRule(origin=RecipeOrigin.PERSON, versions=SpecifierSet(versions), recipe=recipe)


def test_a_recipe_is_kept_and_replaced(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        assert recipes.recipe_for(connection, PROJECT, Version("1")) == Recipe()
        for recipe in (FOO, BAR):
            recipes.save_recipe(connection, PROJECT, persons(recipe), at=NOW)
            assert recipes.recipe_rules(connection, PROJECT) == [persons(recipe)]
            assert recipes.recipe_for(connection, PROJECT, Version("1")) == recipe


def test_a_persons_recipe_is_for_the_versions_that_it_names(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        recipes.save_recipe(connection, PROJECT, persons(FOO, "<2"), at=NOW)
        recipes.save_recipe(connection, PROJECT, persons(BAR, ">=2"), at=NOW)
        assert recipes.recipe_for(connection, PROJECT, Version("1.9")) == FOO
        assert recipes.recipe_for(connection, PROJECT, Version("2.0rc1")) == Recipe()
        assert recipes.recipe_for(connection, PROJECT, Version("2")) == BAR


def test_what_was_learned_is_for_the_next_versions_and_else_for_older_ones(
    engine: Engine,
) -> None:
    with writing(engine) as connection:
        stock(connection)
        recipes.learn_recipe(connection, PROJECT, Version("2"), FOO, at=NOW)
        recipes.learn_recipe(connection, PROJECT, Version("4"), BAR, at=NOW)
        chosen = {
            text: recipes.recipe_for(connection, PROJECT, Version(text))
            for text in ("1", "2", "3.9", "4", "5")
        }
    assert chosen == {"1": FOO, "2": FOO, "3.9": FOO, "4": BAR, "5": BAR}


def test_a_recipe_that_helps_an_older_version_too_is_kept_once(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        for version in ("3", "1", "2"):
            recipes.learn_recipe(connection, PROJECT, Version(version), FOO, at=NOW)
        [rule] = recipes.recipe_rules(connection, PROJECT)
    assert (str(rule.versions), rule.recipe) == (">=1", FOO)


def test_a_persons_recipe_goes_before_what_was_learned(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        recipes.learn_recipe(connection, PROJECT, Version("1"), FOO, at=NOW)
        recipes.save_recipe(connection, PROJECT, persons(Recipe()), at=NOW)
        assert recipes.recipe_for(connection, PROJECT, Version("1")) == Recipe()
        assert recipes.drop_recipe(
            connection, PROJECT, origin=RecipeOrigin.PERSON, versions=SpecifierSet()
        )
        assert recipes.recipe_for(connection, PROJECT, Version("1")) == FOO
        assert not recipes.drop_recipe(
            connection, PROJECT, origin=RecipeOrigin.PERSON, versions=SpecifierSet()
        )


def test_all_recipes_are_listed_by_project(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        stock(connection, project="other")
        assert recipes.all_recipes(connection) == {}
        recipes.save_recipe(connection, PROJECT, persons(FOO), at=NOW)
        learned = recipes.learn_recipe(connection, PROJECT, Version("1"), BAR, at=NOW)
        assert recipes.all_recipes(connection) == {PROJECT: [persons(FOO), learned]}
