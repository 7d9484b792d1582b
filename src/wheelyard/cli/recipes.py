"""`wheelyard recipe …`: what projects need besides what they say themselves."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, DryRun, print_json, print_line, print_table
from wheelyard.database import recipes
from wheelyard.database.engine import reading
from wheelyard.errors import InvalidRecipe, NotFound
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.recipe import (
    RecipeOrigin,
    RecipeRule,
    parse_recipe,
    parse_versions,
    recipe_document,
)
from wheelyard.queue.retrying import retry_with_new_recipe

recipe_commands = typer.Typer(
    help="What projects need besides what they say themselves: Debian packages and more.",
    no_args_is_help=True,
)

_Name = Annotated[str, typer.Argument(help="The project's name.")]
_Versions = Annotated[
    str, typer.Option(help="Only these versions, such as '<2' or '==1.5'; all by default.")
]
_MAX_BYTES = 16 * 1024**2
_ABOUT = frozenset({"project", "versions", "origin"})


@recipe_commands.command()
def show(name: _Name, *, as_json: AsJson = False) -> None:
    """Show a project's recipes: those that people wrote, and those that builds have taught."""
    project = parse_project_name(name)
    with reading(opened().engine) as connection:
        rules = recipes.recipe_rules(connection, project)
    if not rules:
        raise NotFound(project, "It has no recipe; see `wheelyard recipe set --help`")
    documents = [_document(project, rule) for rule in rules]
    if as_json:
        print_json(documents)
        return
    print_table(
        f"Recipes of {project}",
        ("versions", "from", "recipe"),
        [
            (rule.versions or "all", rule.origin, _text(recipe_document(rule.recipe)))
            for rule in rules
        ],
    )


@recipe_commands.command("set")
def set_recipe(  # noqa: PLR0913 - the parts of a recipe
    name: _Name,
    *,
    versions: _Versions = "",
    debian: Annotated[list[str] | None, typer.Option(help="A Debian package to add.")] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(help="A build requirement or constraint, such as 'setuptools<81'."),
    ] = None,
    env: Annotated[list[str] | None, typer.Option(help="A variable: NAME=VALUE.")] = None,
    limit: Annotated[
        list[str] | None, typer.Option(help="A limit: memory_bytes=8589934592, duration=7200.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="At most so many compilers at once.")] = None,
    as_of_release: Annotated[
        bool, typer.Option(help="Build requirements as of the day of the release.")
    ] = False,
    alone: Annotated[bool, typer.Option(help="Nothing else on the machine meanwhile.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a project's recipe, in place of another for the same versions, and try it.

    What has failed is built again with it.
    """
    document = {
        "debian": list(debian or ()),
        "requirements": list(require or ()),
        "environment": dict(_pair(text) for text in env or ()),
        "limits": {key: _number(value) for key, value in map(_pair, limit or ())},
        "jobs": jobs,
        "as_of_release": as_of_release,
        "alone": alone,
    }
    rule = RecipeRule(
        origin=RecipeOrigin.PERSON, versions=parse_versions(versions), recipe=parse_recipe(document)
    )
    project = parse_project_name(name)
    if rule.recipe.is_empty:
        raise InvalidRecipe(project, "It says nothing; see `wheelyard recipe set --help`")
    retried = _save("recipe set", {project: [rule]})
    if as_json:
        print_json({"recipe": _document(project, rule), "retried": retried})
        return
    print_line(f"{project} {rule.versions or '(all versions)'}: {_text(document)}")
    print_line(f"{retried} failed builds are tried again.")


@recipe_commands.command()
def remove(
    name: _Name,
    *,
    versions: _Versions = "",
    learned: Annotated[
        bool, typer.Option(help="One that builds have taught, not one that a person wrote.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a project's recipe for these versions."""
    project, meant = parse_project_name(name), parse_versions(versions)
    origin = RecipeOrigin.LEARNED if learned else RecipeOrigin.PERSON
    arguments = {"name": project, "versions": meant, "origin": origin}
    with audited(opened(), "recipe remove", arguments) as operation:
        if not recipes.drop_recipe(operation.connection, project, origin=origin, versions=meant):
            raise NotFound(project, f"It has no such recipe ({origin}, {meant or 'all versions'})")
    if as_json:
        print_json({"project": project, "versions": str(meant), "origin": origin})
        return
    print_line(f"The recipe of {project} ({meant or 'all versions'}) is gone.")


@recipe_commands.command("export")
def export_recipes(
    name: Annotated[
        list[str] | None, typer.Argument(help="Projects; by default all that have a recipe.")
    ] = None,
) -> None:
    """Print recipes as TOML, to be read, shared, and imported elsewhere."""
    names = None if not name else [parse_project_name(text) for text in name]
    with reading(opened().engine) as connection:
        found = recipes.all_recipes(connection, names)
    documents = [_document(project, rule) for project, rules in found.items() for rule in rules]
    typer.echo(tomli_w.dumps({"recipe": documents}), nl=False)


@recipe_commands.command("import")
def import_recipes(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="TOML; - for standard input.")],
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take over recipes that `wheelyard recipe export` wrote: all of them, or none."""
    found = read_recipes(file.read(_MAX_BYTES + 1), Path(file.name).name)
    retried = 0 if dry_run else _save("recipe import", found)
    count = sum(map(len, found.values()))
    if as_json:
        print_json({"recipes": count, "projects": len(found), "retried": retried})
        return
    done = "would be taken over" if dry_run else "are taken over"
    print_line(f"{count} recipes of {len(found)} projects {done}.")
    print_line(f"{retried} failed builds are tried again.")


def read_recipes(data: bytes, source: str) -> dict[ProjectName, list[RecipeRule]]:
    """Read recipes from TOML.

    Raises:
        InvalidRecipe: if anything of it cannot be used, naming it.
    """
    if len(data) > _MAX_BYTES:
        raise InvalidRecipe(source, "It is too large")
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise InvalidRecipe(source, f"It is no TOML: {str(error)[:200]}") from None
    tables = document.get("recipe")
    if set(document) != {"recipe"} or not isinstance(tables, list):
        raise InvalidRecipe(source, "It has tables [[recipe]] and nothing else")
    found: dict[ProjectName, list[RecipeRule]] = {}
    for table in tables:
        project, rule = _read(table, source)
        found.setdefault(project, []).append(rule)
    return found


def _read(table: object, source: str) -> tuple[ProjectName, RecipeRule]:
    if not isinstance(table, dict) or not isinstance(table.get("project"), str):
        raise InvalidRecipe(source, "Each [[recipe]] has the name of its project")
    versions, origin = table.get("versions", ""), table.get("origin", RecipeOrigin.PERSON.value)
    if not isinstance(versions, str) or origin not in list(RecipeOrigin):
        raise InvalidRecipe(table["project"][:100], "versions or origin cannot be used")
    rest = {key: value for key, value in table.items() if key not in _ABOUT}
    rule = RecipeRule(
        origin=RecipeOrigin(origin), versions=parse_versions(versions), recipe=parse_recipe(rest)
    )
    return parse_project_name(table["project"]), rule


def _save(command: str, found: Mapping[ProjectName, list[RecipeRule]]) -> int:
    """Keep recipes, and try again what has failed without them; return how much that is."""
    arguments = {
        "recipes": [_document(project, rule) for project, rules in found.items() for rule in rules]
    }
    with audited(opened(), command, arguments) as operation:
        retried = 0
        for project, rules in sorted(found.items()):
            for rule in rules:
                recipes.save_recipe(operation.connection, project, rule, at=operation.at)
        for project in sorted(found):
            retried += retry_with_new_recipe(operation.connection, project, at=operation.at)
        operation.outcome = {"retried": retried}
    return retried


def _document(project: ProjectName, rule: RecipeRule) -> dict[str, Any]:
    about = {"project": project, "versions": str(rule.versions), "origin": rule.origin.value}
    return {key: value for key, value in about.items() if value} | recipe_document(rule.recipe)


def _text(document: Mapping[str, Any]) -> str:
    """Say what a recipe has, in one line."""
    words = []
    for key, value in document.items():
        match value:
            case list() if value:
                words.append(f"{key}: {', '.join(value)}")
            case dict() if value:
                words.append(
                    f"{key}: {', '.join(f'{name}={each}' for name, each in value.items())}"
                )
            case True:
                words.append(key)
            case int() if value:
                words.append(f"{key}: {value}")
    return "; ".join(words)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidRecipe(repr(text), "It reads NAME=VALUE")
    return name, value


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidRecipe(repr(text), "It is a whole number") from None


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard recipe`."""
    app.add_typer(recipe_commands, name="recipe")
