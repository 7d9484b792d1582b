"""What projects need beyond their own metadata."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from wheelyard.database.dialect import insert
from wheelyard.database.releases import ensure_project
from wheelyard.database.tables import projects, recipes
from wheelyard.model.build import Recipe
from wheelyard.model.names import ProjectName


def save_recipe(
    connection: Connection, project: ProjectName, recipe: Recipe, *, at: datetime
) -> None:
    """Keep a project's recipe, in place of the one before."""
    values = {
        "project_id": ensure_project(connection, project, at=at),
        "debian_packages": list(recipe.debian_packages),
        "environment": recipe.environment,
        "requirements": list(recipe.requirements),
        "updated_at": at,
    }
    statement = insert(connection, recipes).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[recipes.c.project_id], set_=values)
    )


def recipe_of_project(connection: Connection, project: ProjectName) -> Recipe:
    """Return a project's recipe; an empty one if none is on record."""
    row = connection.execute(
        select(recipes)
        .join(projects, projects.c.id == recipes.c.project_id)
        .where(projects.c.name == project)
    ).one_or_none()
    return Recipe() if row is None else recipe_of(row)


def recipe_of(row: Row[Any]) -> Recipe:
    """Return the recipe of a row that has the columns of `recipes`, maybe null by an outer join."""
    return Recipe(
        debian_packages=tuple(row.debian_packages or ()),
        environment=dict(row.environment or {}),
        requirements=tuple(row.requirements or ()),
    )
