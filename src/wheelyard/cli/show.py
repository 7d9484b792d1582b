"""`wheelyard project …` and `wheelyard database …`: what is known, and the schema."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheelyard.cli.progress import printable
from wheelyard.cli.wanted import parse_want
from wheelyard.context import Context, open_context
from wheelyard.database import migrate, projects
from wheelyard.database.engine import reading, writing
from wheelyard.errors import UnknownProject
from wheelyard.model.names import parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.settings import load

project_commands = typer.Typer(help="What is known of projects.", no_args_is_help=True)
database_commands = typer.Typer(help="Look after the database.", no_args_is_help=True)


@project_commands.command()
def add(
    project: Annotated[list[str], typer.Argument(help="NAME or NAME==VERSION.")],
    *,
    force: Annotated[bool, typer.Option(help="Build what upstream covers, too.")] = False,
) -> None:
    """Ask for projects: they are followed, and built where upstream has no usable wheel."""
    wants = [parse_want(text, force=force) for text in project]
    context = _open()
    with writing(context.engine) as connection:
        for want in wants:
            projects.want(connection, want, at=context.clock.now())


@project_commands.command()
def show(name: Annotated[str, typer.Argument(help="The project's name.")]) -> None:
    """Show what was decided about a project and why, its builds and its wheels."""
    project = parse_project_name(name)
    with reading(_open().engine) as connection:
        overview = projects.project_overview(connection, project)
    if overview is None:
        raise UnknownProject(project, "Nobody has asked for it here; see `wheelyard project add`")
    console = Console()
    console.print(
        Text(printable(f"{overview.display_name or overview.name}: {overview.status.value}"))
    )
    if overview.error:
        console.print(Text(f"last error: {printable(overview.error)}", style="red"))
    for table in _tables(overview):
        console.print(table)


@database_commands.command()
def upgrade() -> None:
    """Bring the database's schema up to date."""
    _open()


def _open() -> Context:
    context = open_context(load())
    migrate.upgrade(context.engine)
    return context


def _tables(overview: ProjectOverview) -> list[Table]:
    decisions = Table("version", "target", "decision", "reason", title="Decisions")
    for decision in sorted(overview.decisions, key=lambda item: item.version, reverse=True):
        decisions.add_row(
            str(decision.version),
            decision.target,
            decision.verdict.value,
            Text(printable(decision.reason)),
        )
    builds = Table("build", "version", "target", "state", "seconds", "failure", title="Builds")
    for build in overview.builds:
        seconds = "" if build.duration is None else f"{build.duration.total_seconds():.1f}"
        failure = f"{build.failure.kind.value}: {build.failure.message}" if build.failure else ""
        builds.add_row(
            build.id,
            str(build.version),
            build.target,
            build.state.value,
            seconds,
            Text(printable(failure)),
        )
    wheels = Table("wheel", "state", "size", "sha256", title="Wheels")
    for wheel in overview.wheels:
        wheels.add_row(
            wheel.file.filename, wheel.state.value, str(wheel.file.size), wheel.file.sha256
        )
    return [table for table in (decisions, builds, wheels) if table.row_count]


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard project` and `wheelyard database`."""
    app.add_typer(project_commands, name="project")
    app.add_typer(database_commands, name="database")
