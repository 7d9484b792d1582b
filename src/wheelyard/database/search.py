"""Finding projects by a part of their names, or by names that are nearly theirs."""

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

from sqlalchemy import Connection, Select, exists, func, select

from wheelyard.database.dialect import is_before, listed
from wheelyard.database.tables import projects, releases, wheels
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import WheelState

_LONGEST = 60
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_SHORTEST_TYPO = 4
"""Shorter names are near to too many others."""

_SHORTEST_PART = 3
_LETTERS = string.ascii_lowercase + string.digits + "-"
_AFTER_LETTERS = "{"
"""The character after `z`: what begins with `text` sorts before `text{`."""

_AFFIXES = ("py{}", "python-{}", "{}-python", "py-{}", "{}2", "{}3")
"""What authors put around the name of what they wrap."""

_MOST_ASKED_FOR = 20_000
"""Among so many parts of names are looked for, which takes a scan."""

_FOR_COMPARING = 5_000
"""With so many what was typed is compared, which takes longer."""

_LEAST_SIMILAR = 0.4
_LENGTH_APART = 3
_FEW = 3
_SPARE = 20
"""So many more are taken than are shown, for some may be of projects that were withdrawn."""

_AS_TYPED, _NEARLY, _PART, _SIMILAR = 0.0, 1.0, 1.5, 2.0
"""How many powers of ten more a project must be asked for to outrank one that suits better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProject:
    """A project that was found; `has_wheels` tells that this index has wheels of it."""

    name: ProjectName
    display_name: str | None
    summary: str | None
    has_wheels: bool


def search(connection: Connection, text: str, *, limit: int) -> list[FoundProject]:
    """Return the projects whose names suit what was typed, the best first.

    That of the very name comes first. Then come those whose names begin so, those that begin so
    but for one mistake in typing or for a usual affix, and, of those that are asked for most, those
    whose names hold it or are similar: by demand, of which what suits less needs ten times as much.
    Nobody is led to what upstream has withdrawn or quarantined.
    """
    wanted = _SEPARATORS.sub("-", text[:_LONGEST].lower()).strip("-")
    if not wanted:
        return []
    taken = limit + _SPARE
    scores: dict[str, float] = {}
    _rate(scores, _beginning(connection, [wanted], limit=taken), less=_AS_TYPED)
    near = _nearly(wanted)
    _rate(scores, _beginning(connection, near.beginnings, limit=taken), less=_NEARLY)
    _rate(scores, _named(connection, near.names), less=_NEARLY)
    if len(wanted) >= _SHORTEST_PART:
        _rate(scores, _holding(connection, wanted, limit=taken), less=_PART)
    if len(wanted) >= _SHORTEST_TYPO and len(scores) < _FEW:
        _rate(scores, _similar(connection, wanted), less=_SIMILAR)
    ordered = sorted(scores, key=lambda name: (name != wanted, -scores[name], len(name), name))
    return _found(connection, ordered[:taken])[:limit]


_Demands = Iterable[tuple[str, int]]


def _rate(scores: dict[str, float], demands: _Demands, *, less: float) -> None:
    """Give names that were not found before a score: how much they are asked for, less a bit."""
    for name, demand in demands:
        scores.setdefault(name, log10(1 + max(demand, 0)) - less)


def _beginning(connection: Connection, beginnings: list[str], *, limit: int) -> _Demands:
    """Return the names that begin in one of these ways, those that are asked for most."""
    given = listed(connection, beginnings)
    is_there = is_before(connection, given.c.value, projects.c.name, or_equal=True)
    is_short = is_before(connection, projects.c.name, given.c.value + _AFTER_LETTERS)
    length = func.length(projects.c.name).label("length")
    query = select(projects.c.name, projects.c.demand, length).where(is_there, is_short).distinct()
    order = (projects.c.demand.desc(), length, projects.c.name)
    rows = connection.execute(query.order_by(*order).limit(limit))
    return [(row.name, row.demand) for row in rows]


def _named(connection: Connection, names: list[str]) -> _Demands:
    query = select(projects.c.name, projects.c.demand).where(projects.c.name.in_(names))
    return [(row.name, row.demand) for row in connection.execute(query)]


def _holding(connection: Connection, part: str, *, limit: int) -> _Demands:
    """Return the names that hold a part (normalised, so it has no wildcards), of the first ones."""
    first = _first(_MOST_ASKED_FOR).subquery()
    query = select(first.c.name, first.c.demand).where(first.c.name.like(f"%{part}%"))
    return [(row.name, row.demand) for row in connection.execute(query.limit(limit))]


def _similar(connection: Connection, wanted: str) -> _Demands:
    """Return the names, of the first ones, that have most pieces of three letters in common."""
    pieces = _pieces(wanted)
    found: list[tuple[str, int]] = []
    first = _first(_FOR_COMPARING).subquery()
    length = func.length(first.c.name)
    query = select(first.c.name, first.c.demand).where(
        length.between(len(wanted) - _LENGTH_APART, len(wanted) + _LENGTH_APART)
    )
    for row in connection.execute(query):
        others = _pieces(row.name)
        if len(pieces & others) >= _LEAST_SIMILAR * len(pieces | others):
            found.append((row.name, row.demand))
    return found


def _pieces(name: str) -> set[str]:
    padded = f"--{name}-"
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def _first(number: int) -> Select[tuple[str, int]]:
    return (
        select(projects.c.name, projects.c.demand)
        .where(projects.c.demand > 0)
        .order_by(projects.c.demand.desc(), projects.c.name)
        .limit(number)
    )


def _found(connection: Connection, names: list[str]) -> list[FoundProject]:
    has_wheels = exists(
        select(wheels.c.id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .where(releases.c.project_id == projects.c.id, wheels.c.state == WheelState.PUBLISHED)
    )
    columns = (projects.c.name, projects.c.display_name, projects.c.summary)
    rows = connection.execute(
        select(*columns, has_wheels.label("has_wheels")).where(
            projects.c.name.in_(names),
            projects.c.removed_at.is_(None),
            projects.c.status != ProjectStatus.QUARANTINED,
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


@dataclass(frozen=True, slots=True)
class _Near:
    """What a name may have been meant to be: whole names, and beginnings of longer ones."""

    names: list[str]
    beginnings: list[str]


def _nearly(name: str) -> _Near:
    """Return what one mistake in typing may have made of a name, and it with or without an affix.

    A mistake at the very end says nothing of how the name goes on.
    """
    affixed = {affix.format(name) for affix in _AFFIXES}
    bare = {inner for affix in _AFFIXES if (inner := _without(affix, name))}
    if len(name) < _SHORTEST_TYPO:
        return _Near(sorted(affixed | bare), [])
    beginnings = {one for place in range(len(name) - 1) for one in _mistaken(name, place)}
    last = len(name) - 1
    endings = {name[:last], *(name[:last] + letter for letter in _LETTERS)}
    return _Near(sorted(affixed | bare | endings), sorted(beginnings - {name}))


def _mistaken(name: str, place: int) -> set[str]:
    """Return the name with a letter too much, too few, wrong or swapped at a place."""
    left, right = name[:place], name[place:]
    changed = {left + right[1:], left + right[1] + right[0] + right[2:]}
    for letter in _LETTERS:
        changed |= {left + letter + right[1:], left + letter + right}
    return changed


def _without(affix: str, name: str) -> str | None:
    before, _, after = affix.partition("{}")
    if name == before + name[len(before) : len(name) - len(after)] + after:
        return name[len(before) : len(name) - len(after)] or None
    return None
