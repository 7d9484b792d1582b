"""`wheelyard project …`: what is asked for, what is known of it, and what is not to be built."""

from typing import Annotated

import typer
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, DryRun, plain, print_json, print_line, print_table
from wheelyard.cli.rebuilds import Targets, rebuild_and_tell
from wheelyard.cli.removals import remove_and_tell
from wheelyard.cli.wanted import parse_want
from wheelyard.database import projects, skips
from wheelyard.database.cross_failures import forget_cross_failures
from wheelyard.database.engine import reading
from wheelyard.database.job_lists import jobs_of_project
from wheelyard.errors import BadInput, NotFound, UnknownProject
from wheelyard.model.job import QueuedJob
from wheelyard.model.names import parse_project_name, parse_target_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import Skip

project_commands = typer.Typer(help="What is known of projects.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="The project's name.")]
_Versions = Annotated[
    str, typer.Option(help="Only these versions, such as '<2' or '==1.5'; all by default.")
]
_Target = Annotated[str | None, typer.Option(help="Only this target; all by default.")]


@project_commands.command()
def add(
    project: Annotated[list[str], typer.Argument(help="NAME or NAME==VERSION.")],
    *,
    force: Annotated[bool, typer.Option(help="Build what upstream covers, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for projects: they are read, and built where upstream has no usable wheel."""
    wants = [parse_want(text, force=force) for text in project]
    with audited(opened(), "project add", {"projects": project, "force": force}) as operation:
        for want in wants:
            projects.want(operation.connection, want, at=operation.at)
    if as_json:
        print_json({"wanted": wants})
        return
    for want in wants:
        print_line(f"{want.project} {want.version or '(its newest release)'} is wanted.")


@project_commands.command()
def show(name: _Name, *, as_json: AsJson = False) -> None:
    """Show what was decided about a project and why, its jobs, its builds and its wheels."""
    project = parse_project_name(name)
    with reading(opened().engine) as connection:
        overview = projects.project_overview(connection, project)
        jobs = jobs_of_project(connection, project)
    if overview is None:
        raise UnknownProject(project, "Nobody has asked for it here; see `wheelyard project add`")
    if as_json:
        print_json({**plain(overview), "jobs": jobs})
        return
    print_line(f"{overview.display_name or overview.name}: {_standing(overview)}")
    if overview.error:
        print_line(f"last error: {overview.error}")
    print_overview(overview, jobs)


def _standing(overview: ProjectOverview) -> str:
    words: list[str] = [overview.status.value]
    words += ["followed"] if overview.is_followed else []
    words += [f"wanted: {want.version or 'newest'}" for want in overview.wants]
    words += ["never read"] if overview.read_at is None else []
    words += ["removed"] if overview.removed_at is not None else []
    return ", ".join(words)


def print_overview(overview: ProjectOverview, jobs: list[QueuedJob]) -> None:
    """Print the tables of a project, or of a part of one, those that have rows."""
    tables: list[tuple[str, tuple[str, ...], list[tuple[object, ...]]]] = [
        (
            "Skips",
            ("versions", "target", "reason"),
            [(one.versions or "all", one.target or "all", one.reason) for one in overview.skips],
        ),
        (
            "Not cross-compiled",
            ("versions", "architecture", "since", "reason"),
            [
                (one.versions, one.architecture, one.failed_at, one.reason)
                for one in overview.cross_failures
            ],
        ),
        (
            "Decisions",
            ("version", "target", "decision", "reason"),
            [(one.version, one.target, one.verdict, one.reason) for one in overview.decisions],
        ),
        (
            "Jobs",
            ("version", "target", "state", "priority", "due"),
            [
                (job.version, job.target, job.state, job.priority.name.lower(), job.due_at)
                for job in jobs
            ],
        ),
        (
            "Builds",
            ("build", "version", "target", "state", "duration", "failure"),
            [
                (
                    *(build.id, build.version, build.target, build.state, build.duration),
                    f"{build.failure.kind}: {build.failure.message}" if build.failure else "",
                )
                for build in overview.builds
            ],
        ),
        (
            "Wheels",
            ("wheel", "state", "bytes", "sha256"),
            [
                (wheel.file.filename, wheel.state, wheel.file.size, wheel.file.sha256)
                for wheel in overview.wheels
            ],
        ),
    ]
    for title, headings, rows in tables:
        if rows:
            print_table(title, headings, rows)


@project_commands.command()
def skip(
    name: _Name,
    *,
    reason: Annotated[str, typer.Option(help="Why: people see it on the project's page.")],
    versions: _Versions = "",
    target: _Target = None,
    as_json: AsJson = False,
) -> None:
    """Have a project, some versions of it, or its wheels for one target not be built."""
    unwanted = Skip(
        project=parse_project_name(name),
        reason=reason,
        versions=_specifiers(versions),
        target=None if target is None else parse_target_name(target),
    )
    arguments = {"name": name, "reason": reason, "versions": versions, "target": target}
    with audited(opened(), "project skip", arguments) as operation:
        skips.add_skip(operation.connection, unwanted, at=operation.at)
    if as_json:
        print_json({"skipped": unwanted})
    else:
        print_line(f"{unwanted.project} is skipped: {reason}")


@project_commands.command()
def unskip(
    name: _Name, *, versions: _Versions = "", target: _Target = None, as_json: AsJson = False
) -> None:
    """Lift what `skip` has said: the skip of these versions and target, or all of a project."""
    project = parse_project_name(name)
    asked = (_specifiers(versions), None if target is None else parse_target_name(target))
    arguments = {"name": name, "versions": versions, "target": target}
    with audited(opened(), "project unskip", arguments) as operation:
        lifted = [
            one
            for one in skips.skips_of(operation.connection, project)
            if not (versions or target) or (one.versions, one.target) == asked
        ]
        if not lifted:
            raise NotFound(f"{project}: a skip like that", "See `wheelyard project show`")
        skips.remove_skips(operation.connection, lifted, project=project, at=operation.at)
        operation.outcome = {"lifted": lifted}
    if as_json:
        print_json({"lifted": lifted})
    else:
        print_line(f"{project}: {len(lifted)} skips are lifted.")


@project_commands.command("retry-cross")
def retry_cross(name: _Name, *, as_json: AsJson = False) -> None:
    """Forget that cross compilers fail with a project, so that its next build tries them again."""
    project = parse_project_name(name)
    with audited(opened(), "project retry-cross", {"name": name}) as operation:
        forgotten = forget_cross_failures(operation.connection, project)
        if not forgotten:
            raise NotFound(f"{project}: a failure of cross compilers", "Nothing is known of one")
    if as_json:
        print_json({"project": project, "forgotten": forgotten})
    else:
        print_line(f"{project} is cross-compiled again where that is possible.")


def _specifiers(text: str) -> SpecifierSet:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        raise BadInput(repr(text), "Versions are written like '<2' or '>=1.5,<2'") from None


@project_commands.command()
def rebuild(
    name: Annotated[str, typer.Argument(help="NAME, or NAME==VERSION for one release.")],
    *,
    target: Targets = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Build once more what was built, or failed, of a project; its wheels stay until then."""
    rebuild_and_tell(
        "project rebuild", parse_want(name), target=target, dry_run=dry_run, as_json=as_json
    )


@project_commands.command()
def remove(
    name: _Name,
    *,
    skip_reason: Annotated[
        str | None, typer.Option("--skip", help="Have it not be built again, for this reason.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove a project with its files, pages and logs; only names and hashes stay known."""
    remove_and_tell(
        parse_project_name(name), skip_reason=skip_reason, dry_run=dry_run, as_json=as_json
    )


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard project`."""
    app.add_typer(project_commands, name="project")
