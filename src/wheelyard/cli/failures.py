"""`wheelyard failure …`: what failed and why, by cause; what used to be built; trying again."""

from typing import Annotated

import typer
from packaging.version import InvalidVersion, Version

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, DryRun, print_json, print_line, print_table
from wheelyard.database import failures
from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import reading
from wheelyard.errors import InvalidName, NotFound
from wheelyard.model.names import ProjectName, parse_project_name, parse_target_name
from wheelyard.model.summary import BuildSummary
from wheelyard.queue.explanation import explain as explain_builds
from wheelyard.queue.retrying import retry as retry_releases

failure_commands = typer.Typer(
    help="What failed, why, and how to have it tried again.", no_args_is_help=True
)

_BUILDS = 500
_Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
_Target = Annotated[str | None, typer.Option(help="Only this target; all by default.")]


@failure_commands.command("list")
def list_failures(
    kind: Annotated[str | None, typer.Argument(help="Only causes of this kind.")] = None,
    *,
    limit: _Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the causes of what has failed, that of the most projects first."""
    with reading(opened().engine) as connection:
        groups = failures.failure_groups(connection, kind=kind, limit=limit)
    if as_json:
        print_json(groups)
        return
    print_table(
        "Causes",
        ("kind", "subject", "projects", "builds", "such as"),
        [
            (group.kind, group.subject, group.projects, group.builds, ", ".join(group.examples))
            for group in groups
        ],
    )


@failure_commands.command()
def regressions(*, limit: _Limit = 50, as_json: AsJson = False) -> None:
    """List the projects whose newest release fails where an older one was built."""
    with reading(opened().engine) as connection:
        found = failures.regressions(connection, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        "Regressions",
        ("project", "version", "target", "last built", "cause"),
        [(one.project, one.version, one.target, one.last_built, one.message) for one in found],
    )


@failure_commands.command()
def retry(
    kind: Annotated[str, typer.Argument(help="The kind of cause: missing-header.")],
    subject: Annotated[str | None, typer.Argument(help="What it is about: ffi.h.")] = None,
    *,
    target: _Target = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have everything built again that failed for one cause."""
    meant = None if target is None else parse_target_name(target)
    context = opened()
    with reading(context.engine) as connection:
        found = failures.failed_releases(connection, kind=kind, subject=subject, target=meant)
    if not found:
        raise NotFound(" ".join(filter(None, (kind, subject))), "Nothing failed for that cause")
    if not dry_run:
        arguments = {"kind": kind, "subject": subject, "target": meant}
        with audited(context, "failure retry", arguments) as operation:
            found = failures.failed_releases(
                operation.connection, kind=kind, subject=subject, target=meant
            )
            retry_releases(operation.connection, found, at=operation.at)
            operation.outcome = {"builds": len(found)}
    if as_json:
        print_json(
            {
                "asked": not dry_run,
                "builds": [
                    {"project": one.project, "version": one.version, "target": one.target}
                    for one in found
                ],
            }
        )
        return
    title = "Would be tried again" if dry_run else "Tried again"
    rows = [(one.project, one.version, one.target) for one in found]
    print_table(title, ("project", "version", "target"), rows)


@failure_commands.command()
def explain(
    release: Annotated[str, typer.Argument(help="PROJECT==VERSION.")],
    *,
    target: _Target = None,
    as_json: AsJson = False,
) -> None:
    """Say why a release failed, what was tried, and what a person can do."""
    project, version = parse_release(release)
    meant = None if target is None else parse_target_name(target)
    with reading(opened().engine) as connection:
        found = build_summaries(connection, project=project, versions=[version], limit=_BUILDS)
    by_target: dict[str, list[BuildSummary]] = {}
    for build in found:
        if meant in {None, build.target}:
            by_target.setdefault(build.target, []).append(build)
    explained = {
        name: one for name, each in by_target.items() if (one := explain_builds(each)) is not None
    }
    if not explained:
        raise NotFound(release, "The last build of it has not failed")
    if as_json:
        print_json(explained)
        return
    for name, one in explained.items():
        print_line(f"{project} {version} for {name}: {one.sentence}")
        for line in one.evidence:
            print_line(f"    {line}")
        for line in one.tried:
            print_line(f"  tried: {line}")
        print_line(f"  {one.advice}")
        print_line(f"  To see it yourself: {one.reproduce}")


def parse_release(text: str) -> tuple[ProjectName, Version]:
    """Read `PROJECT==VERSION`.

    Raises:
        InvalidName: if it is something else.
    """
    name, equals, version = text.partition("==")
    if not equals:
        raise InvalidName(repr(text[:100]), "It reads PROJECT==VERSION")
    try:
        return parse_project_name(name), Version(version)
    except InvalidVersion:
        raise InvalidName(repr(version[:100]), "It reads PROJECT==VERSION") from None


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard failure`."""
    app.add_typer(failure_commands, name="failure")
