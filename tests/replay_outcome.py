"""What is left of a history: a database and a store in comparable words, and what they must say.

Row numbers, times of reading and our own serials tell what happened on the way, not what is true in
the end: they are left out. Everything that upstream does not have any more is left out too, but for
our own wheels.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, insert, select

from fake_upstream import FakeUpstream
from replaying import Replay, without_serials
from wheelyard.database import projects as stored
from wheelyard.database.engine import Connection, reading, writing
from wheelyard.database.tables import (
    builders,
    builds,
    decisions,
    jobs,
    projects,
    releases,
    targets,
    upstream_files,
    wheels,
)
from wheelyard.model.names import Filename, ProjectName, Sha256
from wheelyard.model.project import ProjectPage, UpstreamFile
from wheelyard.model.wheel import WheelState, package_path, withheld_path
from wheelyard.queue.withdrawal import settle_wheels
from wheelyard.storage.store import Store

Facts = list[tuple[Any, ...]]

_IS_PUBLIC = {WheelState.PUBLISHED, WheelState.SUPERSEDED}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that must be the same, whatever happened before."""

    projects: Facts
    releases: Facts
    files: Facts
    decisions: Facts
    jobs: Facts
    wheels: Facts
    bytes: Mapping[str, str]
    """SHA-256 by key, of the wheels that are on record and can be downloaded."""
    pages: Mapping[str, object]


def outcome(replay: Replay) -> Outcome:
    """Return what a wheelyard has come to."""
    is_there = (projects.c.read_at.is_not(None), projects.c.removed_at.is_(None))
    has_release = (*is_there, releases.c.removed_at.is_(None))
    p, r, f, w = projects.c, releases.c, upstream_files.c, wheels.c
    file_values = [column for column in f if column.name not in {"id", "project_id", "release_id"}]
    with reading(replay.shop.engine) as connection:
        return Outcome(
            projects=_facts(
                connection,
                select(p.name, p.display_name, p.summary, p.status, p.status_reason)
                .add_columns(p.upstream_serial, p.owner, p.followed, p.missing_count, p.error)
                .add_columns(p.plan_from, p.due_serial, p.failures)
                .where(*is_there),
            ),
            releases=_facts(
                connection,
                select(p.name, r.version, r.version_key, r.uploaded_at)
                .join_from(releases, projects)
                .where(*has_release),
            ),
            files=_facts(
                connection,
                select(p.name, r.version_key, *file_values)
                .join_from(upstream_files, projects, p.id == f.project_id)
                .outerjoin(releases, r.id == f.release_id)
                .where(*is_there, f.removed_at.is_(None)),
            ),
            decisions=_facts(
                connection,
                _of_target(decisions)
                .add_columns(decisions.c.verdict, decisions.c.reason)
                .where(*has_release),
            ),
            jobs=_facts(
                connection,
                _of_target(jobs)
                .add_columns(jobs.c.kind, f.filename, f.hashes)
                .join(upstream_files, f.id == jobs.c.sdist_id),
            ),
            wheels=_facts(
                connection,
                _of_target(wheels).add_columns(w.channel, w.filename, w.sha256, w.state),
            ),
            bytes=_bytes(connection, replay.shop.store),
            pages=dict(_pages(replay)),
        )


def _of_target(table: Any) -> Select[Any]:  # noqa: ANN401 - any table of releases and targets
    return (
        select(projects.c.name, releases.c.version_key, targets.c.name)
        .join_from(table, releases, releases.c.id == table.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == table.c.target_id)
    )


def _facts(connection: Connection, query: Select[Any]) -> Facts:
    return sorted((tuple(row) for row in connection.execute(query)), key=repr)


def _bytes(connection: Connection, store: Store) -> dict[str, str]:
    found = {}
    for row in connection.execute(select(wheels.c.sha256, wheels.c.filename)):
        path = package_path(Sha256(row.sha256), Filename(row.filename))
        for key in {path, f"{path}.metadata"}.intersection(store.keys(path.rpartition("/")[0])):
            found[key] = hashlib.sha256(store.get(key)).hexdigest()
    return found


def _pages(replay: Replay) -> Iterator[tuple[str, object]]:
    """Yield the pages for installers that are there, in JSON.

    The page of a project that is gone upstream keeps the status that it had last.
    """
    for key in replay.shop.store.keys(""):
        if "simple/" in key and key.endswith("/index.json"):
            page = without_serials(replay.shop.store.get(key))
            if key.split("/")[-2] not in replay.fake.projects:
                page.pop("project-status", None)
            yield key, page


def wrong_wheels(replay: Replay) -> Facts:
    """Return the wheels that are not what upstream itself, as it is now, asks for."""
    with reading(replay.shop.engine) as connection:
        rows = list(connection.execute(_wheel_rows()))
        served = _bytes(connection, replay.shop.store)
    wrong = []
    for row in rows:
        # A wheel that was only checked is never offered, whatever upstream does.
        is_checked = row.state is WheelState.CHECKED
        expected = row.state if is_checked else expected_state(replay.fake, row)
        path = package_path(Sha256(row.sha256), Filename(row.filename))
        sums = [served.get(path), served.get(f"{path}.metadata")]
        sums_expected = [row.sha256, row.metadata_sha256] if expected in _IS_PUBLIC else [None] * 2
        if row.state != expected or sums != sums_expected:
            wrong.append((row.project, row.filename, row.state, expected, sums))
    return wrong


def expected_state(fake: FakeUpstream, wheel: Row[Any]) -> WheelState:
    """Return what a wheel is to be, judged by nothing but the index: no code of ours is asked."""
    project = fake.projects.get(wheel.project)
    if project is None or project.status == "quarantined":
        return WheelState.WITHDRAWN
    shown = {file.filename: file.sha256 for file in project.shown_files}
    start = f"{wheel.project}-{wheel.version}"
    if not any(
        shown.get(f"{start}{ending}") == wheel.sdist_sha256 for ending in (".tar.gz", ".zip")
    ):
        return WheelState.WITHDRAWN
    return WheelState.SUPERSEDED if wheel.untagged_filename in shown else WheelState.PUBLISHED


def _wheel_rows() -> Select[Any]:
    return (
        select(
            *(column for column in wheels.c if column.name not in {"id", "release_id"}),
            builds.c.sdist_sha256,
            projects.c.name.label("project"),
            releases.c.version,
        )
        .join_from(wheels, builds, builds.c.id == wheels.c.build_id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
    )


def carry_over(source: Replay, destination: Replay) -> None:
    """Put what was built in one wheelyard on record in a new one, as if all of it were published.

    Projects, releases and source distributions that builds were of are on record afterwards as
    removed: what upstream has of them is still to be read.
    """
    with reading(source.shop.engine) as connection:
        made = list(connection.execute(_build_rows()))
        found = list(connection.execute(_wheel_rows()))
    at = source.shop.clock.now()
    for name in sorted({ProjectName(row.project) for row in made}):
        files = {row.sdist: row for row in made if row.project == name}
        page = ProjectPage(
            name=name,
            files=tuple(
                UpstreamFile(filename=Filename(file), url=row.sdist_url, hashes={})
                for file, row in files.items()
            ),
        )
        with writing(destination.shop.engine) as connection:
            stored.save_page(connection, page, at=at)
            stored.remove_project(connection, name, at=at)
            _copy_rows(connection, name, made, found)
            settle_wheels(connection, name)
    for row in found:
        if row.state is WheelState.CHECKED:
            continue
        path = package_path(Sha256(row.sha256), Filename(row.filename))
        for key in (path, f"{path}.metadata"):
            is_served = key in set(source.shop.store.keys(path.rpartition("/")[0]))
            kept = key if is_served else withheld_path(key)
            destination.shop.store.put(key, source.shop.store.get(kept))


def _build_rows() -> Select[Any]:
    return (
        select(
            *(column for column in builds.c if column.name not in {"release_id", "sdist_id"}),
            projects.c.name.label("project"),
            releases.c.version_key,
            upstream_files.c.filename.label("sdist"),
        )
        .join_from(builds, releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(upstream_files, upstream_files.c.id == builds.c.sdist_id)
        .order_by(builds.c.started_at, builds.c.id)
    )


def _copy_rows(
    connection: Connection, name: ProjectName, made: list[Row[Any]], found: list[Row[Any]]
) -> None:
    number = connection.scalars(select(projects.c.id).where(projects.c.name == name)).one()
    builder = connection.scalars(select(builders.c.id)).one()
    of_project = {
        row.version_key: row.id
        for row in connection.execute(select(releases).where(releases.c.project_id == number))
    }
    sdists = {
        row.filename: row.id
        for row in connection.execute(
            select(upstream_files).where(upstream_files.c.project_id == number)
        )
    }
    release_of = {}
    for row in made:
        if row.project == name:
            values = {key: value for key, value in row._asdict().items() if key in builds.c}
            release_of[row.id] = of_project[row.version_key]
            values |= {"release_id": release_of[row.id], "sdist_id": sdists[row.sdist]}
            connection.execute(insert(builds).values(values | {"builder_id": builder}))
    for row in found:
        if row.project == name:
            values = {key: value for key, value in row._asdict().items() if key in wheels.c}
            values |= {"release_id": release_of[row.build_id], "withheld": False}
            if row.state is not WheelState.CHECKED:
                values["state"] = WheelState.PUBLISHED
            connection.execute(insert(wheels).values(values))
