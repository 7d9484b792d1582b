"""`wheelyard release …`: one release of a project."""

from dataclasses import replace
from typing import Annotated

import typer
from packaging.version import Version

from wheelyard.cli.operation import opened
from wheelyard.cli.output import AsJson, DryRun, print_json, print_line, print_table
from wheelyard.cli.projects import print_overview
from wheelyard.cli.rebuilds import Targets, rebuild_and_tell
from wheelyard.cli.wanted import parse_want
from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import reading
from wheelyard.database.job_lists import jobs_of_project
from wheelyard.database.projects import project_overview, stored_page
from wheelyard.errors import InvalidName, NotFound
from wheelyard.model.project import Want, releases

release_commands = typer.Typer(help="What is known of releases.", no_args_is_help=True)

_Release = Annotated[str, typer.Argument(metavar="NAME==VERSION", help="The release.")]
_BUILDS = 1000


@release_commands.command()
def show(release: _Release, *, as_json: AsJson = False) -> None:
    """Show upstream's files of a release, what was decided about it, its builds and wheels."""
    which, version = _parsed(release)
    with reading(opened().engine) as connection:
        page = stored_page(connection, which.project)
        overview = project_overview(connection, which.project)
        builds = build_summaries(
            connection, project=which.project, versions=[version], limit=_BUILDS
        )
        jobs = [job for job in jobs_of_project(connection, which.project) if job.version == version]
    upstream = None if page is None else releases(page).get(version)
    if overview is None or (upstream is None and not builds):
        raise NotFound(release, "Neither upstream nor this server has it")
    part = replace(
        overview,
        skips=(),
        decisions=tuple(one for one in overview.decisions if one.version == version),
        wheels=tuple(wheel for wheel in overview.wheels if wheel.version == version),
        builds=tuple(builds),
    )
    files = () if upstream is None else upstream.files
    if as_json:
        print_json(
            {
                "project": which.project,
                "version": version,
                "files": files,
                "decisions": part.decisions,
                "jobs": jobs,
                "builds": part.builds,
                "wheels": part.wheels,
            }
        )
        return
    print_line(f"{overview.display_name or which.project} {version}")
    print_table(
        "Upstream's files",
        ("file", "bytes", "uploaded", "yanked"),
        [
            (file.filename, file.size, file.uploaded_at, file.yanked_reason or file.yanked)
            for file in files
        ],
    )
    print_overview(part, jobs)


@release_commands.command()
def rebuild(
    release: _Release,
    *,
    target: Targets = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Build a release once more where it was built, or failed; its wheels stay until then."""
    which, _ = _parsed(release)
    rebuild_and_tell("release rebuild", which, target=target, dry_run=dry_run, as_json=as_json)


def _parsed(text: str) -> tuple[Want, Version]:
    which = parse_want(text)
    if which.version is None:
        raise InvalidName(repr(text), "Write a release as NAME==VERSION")
    return which, which.version


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard release`."""
    app.add_typer(release_commands, name="release")
