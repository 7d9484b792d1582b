"""Finding projects by a part of their names, or by names that are nearly theirs."""

import re
import string
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, select

from wheelyard.database.tables import projects, releases, wheels
from wheelyard.model.names import ProjectName
from wheelyard.model.wheel import WheelState

_LONGEST = 60
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_SHORTEST_TYPO = 4
"""Shorter names are near to too many others."""

_LETTERS = string.ascii_lowercase + string.digits + "-"
_AFFIXES = ("py{}", "python-{}", "{}-python", "py-{}", "{}2", "{}3")
"""What authors put around the name of what they wrap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProject:
    """A project that was found; `has_wheels` tells that this index has wheels of it."""

    name: ProjectName
    display_name: str | None
    summary: str | None
    has_wheels: bool


def search(connection: Connection, text: str, *, limit: int) -> list[FoundProject]:
    """Return the projects whose names suit what was typed, the best first.

    That of the very name comes first, then those whose names begin so, by demand, then those whose
    names differ by one mistake in typing or by a usual affix, by demand.
    """
    wanted = _SEPARATORS.sub("-", text[:_LONGEST].lower()).strip("-")
    if not wanted:
        return []
    near = select(projects.c.name).where(projects.c.name.in_([wanted, *_nearly(wanted)]))
    begin = select(projects.c.name).where(_begins_with(connection, wanted))
    by_demand = (projects.c.demand.desc(), projects.c.name)
    names: list[str] = []
    for query in (begin, near):
        names += connection.scalars(query.order_by(*by_demand).limit(limit))
    ordered = sorted(dict.fromkeys(names), key=lambda name: name != wanted)[:limit]
    return _found(connection, ordered)


def _found(connection: Connection, names: list[str]) -> list[FoundProject]:
    has_wheels = exists(
        select(wheels.c.id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .where(releases.c.project_id == projects.c.id, wheels.c.state == WheelState.PUBLISHED)
    )
    columns = (projects.c.name, projects.c.display_name, projects.c.summary)
    rows = connection.execute(
        select(*columns, has_wheels.label("has_wheels")).where(
            projects.c.name.in_(names), projects.c.removed_at.is_(None)
        )
    )
    known = {
        row.name: FoundProject(
            name=ProjectName(row.name),
            display_name=row.display_name,
            summary=row.summary,
            has_wheels=bool(row.has_wheels),
        )
        for row in rows
    }
    return [known[name] for name in names if name in known]


def _begins_with(connection: Connection, prefix: str) -> ColumnElement[bool]:
    """Return the condition that each database answers from its index; both know no wildcard here.

    Normalised names hold letters, digits and hyphens only.
    """
    if connection.dialect.name == "postgresql":
        return projects.c.name.like(f"{prefix}%")
    return projects.c.name.op("GLOB", is_comparison=True)(f"{prefix}*")


def _nearly(name: str) -> list[str]:
    """Return the names that one mistake in typing makes of this one, and those with an affix."""
    affixed = [affix.format(name) for affix in _AFFIXES]
    if len(name) < _SHORTEST_TYPO:
        return affixed
    splits = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    deleted = [left + right[1:] for left, right in splits if right]
    swapped = [left + right[1] + right[0] + right[2:] for left, right in splits if right[1:]]
    replaced = [left + new + right[1:] for left, right in splits if right for new in _LETTERS]
    inserted = [left + new + right for left, right in splits for new in _LETTERS]
    return sorted({*affixed, *deleted, *swapped, *replaced, *inserted})
