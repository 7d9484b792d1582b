"""`wheelyard reproduce`: a build once more on this machine, with a shell where it fails."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from packaging.version import Version

from wheelyard import log
from wheelyard.builder.build import Outcome
from wheelyard.builder.environments.choice import HOST
from wheelyard.builder.reproducing import Reproduction, reproduce
from wheelyard.cli.failures import parse_release
from wheelyard.cli.operation import opened
from wheelyard.cli.output import print_line
from wheelyard.cli.signals import stop_on_signals
from wheelyard.client import http_client, read_limited
from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import reading
from wheelyard.errors import InvalidPage, NotFound, ServerUnavailable, WheelyardError
from wheelyard.model.build import BuildState, Failure, Limits, SdistReference
from wheelyard.model.environment import parse_environment_name
from wheelyard.model.names import (
    ProjectName,
    TargetName,
    parse_filename,
    parse_sha256,
    parse_target_name,
)
from wheelyard.model.recipe import Recipe, limits_of, parse_recipe
from wheelyard.model.target import target_from_name
from wheelyard.settings import Settings, load
from wheelyard.upstream.configured import default_index_url

_BUILDS = 500
_MOST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """What there is to know of a build that was made."""

    id: str
    version: Version
    target: TargetName
    state: BuildState
    sdist: SdistReference
    recipe: Recipe
    limits: Limits | None
    environment: str | None
    environment_digest: str | None


def reproduce_build(
    release: Annotated[str, typer.Argument(help="PROJECT==VERSION.")],
    *,
    target: Annotated[str | None, typer.Option(help="The target of the build.")] = None,
    server: Annotated[
        str | None, typer.Option(help="The wheelyard that made it; by default this one.")
    ] = None,
    shell: Annotated[
        bool, typer.Option("--shell", help="Leave me in the sandbox where it fails.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Keep the wheel in this folder.", file_okay=False)
    ] = None,
) -> None:
    """Make a build once more on this machine: the same source, environment, recipe and limits."""
    log.configure()
    project, version = parse_release(release)
    settings = load()
    terminal = sys.stdin.fileno() if shell and sys.stdin.isatty() else None
    if shell and terminal is None:
        raise NotFound("terminal", "A shell needs one; start this command at a terminal")
    found = _from_here(project) if server is None else _from_server(settings, server, project)
    meant = None if target is None else parse_target_name(target)
    build = _chosen([each for each in found if each.version == version], meant, release)
    print_line(f"{project} {version} for {build.target}, as in build {build.id}")
    results: list[Failure | Path] = []

    def take(outcome: Outcome) -> None:
        if isinstance(outcome.result, Failure):
            results.append(outcome.result)
            return
        wheel, _ = outcome.result
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            wheel = Path(shutil.copy(wheel, output))
        results.append(wheel)

    wanted = _reproduction(project, build, settings)
    reproduce(settings, wanted, stop=stop_on_signals(), terminal=terminal, take=take)
    _tell(results[0], is_kept=output is not None)


def _tell(result: Failure | Path, *, is_kept: bool) -> None:
    if isinstance(result, Path):
        print_line(f"Built: {result if is_kept else result.name}")
        return
    print_line(f"{result.kind.value}: {result.message}")
    for line in result.evidence:
        print_line(f"    {line}")
    raise typer.Exit(1)


def _from_here(project: ProjectName) -> list[_Build]:
    """Return a project's builds on this server, the newest first."""
    with reading(opened().engine) as connection:
        summaries = build_summaries(connection, project=project, limit=_BUILDS)
    return [
        _Build(
            id=one.id,
            version=one.version,
            target=one.target,
            state=one.state,
            sdist=one.sdist,
            recipe=one.recipe,
            limits=one.limits,
            environment=one.environment,
            environment_digest=one.environment_digest,
        )
        for one in summaries
        if one.sdist is not None
    ]


def _from_server(settings: Settings, server: str, project: ProjectName) -> list[_Build]:
    """Return a project's builds on another server, from what it tells everybody.

    Raises:
        ServerUnavailable: if it does not answer.
        NotFound: if it does not know the project.
        InvalidPage: if what it says cannot be used.
    """
    url = f"{server.rstrip('/')}/project/{project}/index.json"
    try:
        with (
            http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code == httpx2.codes.NOT_FOUND:
                raise NotFound(project, f"{server} does not know it")
            response.raise_for_status()
            body = read_limited(response, _MOST_BYTES)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ServerUnavailable(server, str(error)) from None
    try:
        document = json.loads(body or b"null")
        return [_read(one) for one in document["builds"]]
    except (ValueError, KeyError, TypeError, RecursionError, WheelyardError) as error:
        raise InvalidPage(url, str(error)[:200]) from None


def _read(document: Mapping[str, Any]) -> _Build:
    sdist, limits = document["sdist"], document["limits"]
    uploaded_at = sdist["uploaded_at"]
    return _Build(
        id=str(document["id"])[:32],
        version=Version(document["version"]),
        target=parse_target_name(document["target"]),
        state=BuildState(document["state"]),
        sdist=SdistReference(
            filename=parse_filename(sdist["filename"]),
            url=sdist["url"],
            sha256=parse_sha256(sdist["sha256"]),
            size=None if sdist["size"] is None else int(sdist["size"]),
            uploaded_at=None if uploaded_at is None else datetime.fromisoformat(uploaded_at),
        ),
        recipe=parse_recipe(document["recipe"]),
        limits=None if limits is None else limits_of(limits),
        environment=_environment(document["environment"]),
        environment_digest=document["environment_digest"],
    )


def _environment(told: str | None) -> str | None:
    """Return the name of an environment that a server tells; it may be shown in a command."""
    return told if told in {None, HOST} else str(parse_environment_name(told))


def _chosen(builds: Sequence[_Build], target: TargetName | None, release: str) -> _Build:
    """Return the last failed build of a release, or else the last one.

    Raises:
        NotFound: if there is none.
    """
    meant = [build for build in builds if target in {None, build.target}]
    failed = [build for build in meant if build.state is BuildState.FAILED]
    if not meant:
        targets = ", ".join(sorted({build.target for build in builds}))
        advice = f"It was built for {targets}" if targets else "It was never built there"
        raise NotFound(release if target is None else f"{release} for {target}", advice)
    return (failed or meant)[0]


def _reproduction(project: ProjectName, build: _Build, settings: Settings) -> Reproduction:
    return Reproduction(
        project=project,
        version=str(build.version),
        target=target_from_name(build.target),
        sdist=build.sdist,
        recipe=build.recipe,
        limits=build.limits or settings.limits.limits(),
        environment=build.environment,
        environment_digest=build.environment_digest,
        index_url=settings.upstream.url or default_index_url(),
    )


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard reproduce`."""
    app.command("reproduce")(reproduce_build)
