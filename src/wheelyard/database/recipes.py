"""What projects need beyond their own metadata: recipes, with the versions that they are for."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from sqlalchemy import Connection, delete, select

from wheelyard.database.dialect import insert
from wheelyard.database.releases import ensure_project
from wheelyard.database.tables import projects, recipes
from wheelyard.model.names import ProjectName
from wheelyard.model.recipe import (
    Recipe,
    RecipeOrigin,
    RecipeRule,
    choose_recipe,
    parse_recipe,
    recipe_document,
)


def save_recipe(
    connection: Connection, project: ProjectName, rule: RecipeRule, *, at: datetime
) -> None:
    """Keep a project's recipe, in place of one of the same origin for the same versions."""
    values = {
        "project_id": ensure_project(connection, project, at=at),
        "origin": rule.origin,
        "versions": str(rule.versions),
        "recipe": recipe_document(rule.recipe),
        "updated_at": at,
    }
    statement = insert(connection, recipes).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[recipes.c.project_id, recipes.c.origin, recipes.c.versions],
            set_=values,
        )
    )


def drop_recipe(
    connection: Connection, project: ProjectName, *, origin: RecipeOrigin, versions: SpecifierSet
) -> bool:
    """Forget a project's recipe; false if there is none of that origin for these versions."""
    of_project = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
    dropped = connection.execute(
        delete(recipes).where(
            recipes.c.project_id == of_project,
            recipes.c.origin == origin,
            recipes.c.versions == str(versions),
        )
    )
    return dropped.rowcount == 1


def recipe_rules(connection: Connection, project: ProjectName) -> list[RecipeRule]:
    """Return a project's recipes, the oldest first."""
    return all_recipes(connection, [project]).get(project, [])


def all_recipes(
    connection: Connection, names: Iterable[ProjectName] | None = None
) -> dict[ProjectName, list[RecipeRule]]:
    """Return the recipes of some projects, or of all, by project; the oldest of each first."""
    query = (
        select(projects.c.name, recipes.c.origin, recipes.c.versions, recipes.c.recipe)
        .join(projects, projects.c.id == recipes.c.project_id)
        .order_by(projects.c.name, recipes.c.id)
    )
    if names is not None:
        query = query.where(projects.c.name.in_(names))
    found: defaultdict[ProjectName, list[RecipeRule]] = defaultdict(list)
    for name, origin, versions, recipe in connection.execute(query):
        rule = RecipeRule(
            origin=origin, versions=SpecifierSet(versions), recipe=parse_recipe(recipe)
        )
        found[ProjectName(name)].append(rule)
    return dict(found)


def recipe_for(connection: Connection, project: ProjectName, version: Version) -> Recipe:
    """Return the recipe that a release is tried with first; an empty one if there is none."""
    return choose_recipe(recipe_rules(connection, project), version)


def learn_recipe(
    connection: Connection,
    project: ProjectName,
    version: Version,
    recipe: Recipe,
    *,
    at: datetime,
) -> RecipeRule:
    """Keep a recipe that a version was built with after it had failed; return it as it is kept.

    Where the same recipe has helped a later version already, it is now known from this one on.
    """
    lowest = version
    for rule in recipe_rules(connection, project):
        if rule.origin is RecipeOrigin.LEARNED and rule.recipe.digest == recipe.digest:
            lowest = min(lowest, rule.lowest)
            drop_recipe(connection, project, origin=RecipeOrigin.LEARNED, versions=rule.versions)
    learned = RecipeRule(
        origin=RecipeOrigin.LEARNED, versions=SpecifierSet(f">={lowest.public}"), recipe=recipe
    )
    save_recipe(connection, project, learned, at=at)
    return learned
