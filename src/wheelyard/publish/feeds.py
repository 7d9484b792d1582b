"""Feeds of what is new: wheels and failures, as Atom (RFC 4287); pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wheelyard.model.names import ProjectName
from wheelyard.model.summary import BuildSummary
from wheelyard.model.wheel import Wheel
from wheelyard.render import render, shown_size

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, however it is written."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is new: `path` is its page below the root, `key` what tells it from others."""

    title: str
    path: str
    key: str
    updated_at: datetime
    summary: str


def wheel_entries(wheels: Iterable[Wheel]) -> list[Entry]:
    """Return entries for wheels."""
    return [
        Entry(
            title=wheel.file.filename,
            path=f"project/{wheel.project}/",
            key=wheel.path,
            updated_at=wheel.uploaded_at,
            summary=f"{wheel.project} {wheel.version} for {wheel.target},"
            f" {shown_size(wheel.file.size)}",
        )
        for wheel in wheels
    ]


def failure_entries(builds: Iterable[BuildSummary]) -> list[Entry]:
    """Return entries for failed builds."""
    return [
        Entry(
            title=f"{build.project} {build.version} failed for {build.target}",
            path=f"build/{build.id}/",
            key=f"build/{build.id}/",
            updated_at=build.finished_at or build.started_at,
            summary="" if build.failure is None else build.failure.message,
        )
        for build in builds
    ]


def wheels_feed(wheels: Sequence[Wheel], *, server_url: str) -> bytes:
    """Return the feed of the newest wheels of all projects."""
    return _feed(
        "New wheels on wheelyard",
        wheel_entries(wheels),
        path="feeds/wheels.atom",
        page="",
        server_url=server_url,
    )


def failures_feed(builds: Sequence[BuildSummary], *, server_url: str) -> bytes:
    """Return the feed of the newest failures of all projects."""
    return _feed(
        "Failed builds on wheelyard",
        failure_entries(builds),
        path="feeds/failures.atom",
        page="failures/",
        server_url=server_url,
    )


def project_feed(
    project: ProjectName,
    wheels: Sequence[Wheel],
    builds: Sequence[BuildSummary],
    *,
    server_url: str,
) -> bytes:
    """Return the feed of a project's wheels and failures, the newest first."""
    entries = [*wheel_entries(wheels), *failure_entries(builds)]
    entries.sort(key=lambda entry: entry.updated_at, reverse=True)
    return _feed(
        f"{project} on wheelyard",
        entries,
        path=f"project/{project}/feed.atom",
        page=f"project/{project}/",
        server_url=server_url,
    )


def _feed(title: str, entries: Sequence[Entry], *, path: str, page: str, server_url: str) -> bytes:
    return render(
        "feed.xml",
        title=title,
        url=server_url + path,
        page=server_url + page,
        updated=_moment(max((entry.updated_at for entry in entries), default=_LONG_AGO)),
        entries=[
            {
                "title": _xml_text(entry.title),
                "id": server_url + entry.key,
                "url": server_url + entry.path,
                "updated": _moment(entry.updated_at),
                "summary": _xml_text(entry.summary),
            }
            for entry in entries
        ],
    )


def _xml_text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
