"""The list of serials: every project of the index with its last serial, read as it comes."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import ijson  # type: ignore[import-untyped] # it has no types

from wheelyard.clock import Clock
from wheelyard.errors import InvalidName, InvalidPage, SourceMissing
from wheelyard.log import get_logger
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import parse_project_name
from wheelyard.upstream.exchange import Document, Exchange
from wheelyard.upstream.source import Changes
from wheelyard.upstream.values import clean_integer

_log = get_logger("serial-list")

_ACCEPT = "application/vnd.pypi.simple.v1+json"
_MEDIA_TYPES = frozenset({_ACCEPT, "application/json"})
_MAX_BYTES = 256 * 2**20
_LONGEST = timedelta(minutes=15)
_BATCH = 2000
_SERIAL = "_last-serial"


class SerialList:
    """The JSON list of an index (PEP 691), with the serials that it adds to the standard.

    The list may be half an hour old when it comes. It is tens of megabytes; here it is never more
    than a batch of `batch` projects.
    """

    name = "serial-list"

    def __init__(
        self, exchange: Exchange, *, clock: Clock, every: timedelta, batch: int = _BATCH
    ) -> None:
        self.every = every
        self._exchange = exchange
        self._clock = clock
        self._batch = batch

    def changes(self, cursor: str | None) -> Iterator[Changes]:
        """Yield the whole list in batches; see `ChangeSource`. It needs no cursor.

        The last batch ends the listing; it comes only if the whole list did.
        """
        del cursor
        now = self._clock.now()
        url = self._exchange.url
        document = Document(url=url, accept=_ACCEPT, limit=_MAX_BYTES, within=_LONGEST)
        serial = 0
        with self._exchange.get(document) as answer:
            if answer.media_type not in _MEDIA_TYPES:
                raise SourceMissing(url, "The list of projects does not come as JSON")
            for batch in self._batches(answer.pieces):
                serial = max(serial, *(project.serial or 0 for project in batch))
                if not serial:
                    raise SourceMissing(url, "The list of projects has no serials")
                yield Changes(projects=batch, cursor=None, listing=True)
        if not serial:
            raise InvalidPage(url, "The list of projects is empty")
        yield Changes(
            projects=(),
            cursor=None,
            listing=True,
            ends_listing=True,
            serial=serial,
            told_until=now,
        )

    def _batches(self, pieces: Iterable[bytes]) -> Iterator[tuple[ChangedProject, ...]]:
        batch: dict[str, ChangedProject] = {}
        unusable = 0
        for entry in _entries(pieces, self._exchange.url):
            project = _project(entry)
            if project is None:
                unusable += 1
                continue
            batch[project.name] = project
            if len(batch) >= self._batch:
                yield tuple(batch.values())
                batch = {}
        if batch:
            yield tuple(batch.values())
        if unusable:
            _log.warning("listed-projects-unusable", projects=unusable)


def _project(entry: dict[str, object]) -> ChangedProject | None:
    name = entry.get("name")
    if not isinstance(name, str):
        return None
    try:
        return ChangedProject(
            name=parse_project_name(name), serial=clean_integer(entry.get(_SERIAL))
        )
    except InvalidName:
        return None


def _entries(pieces: Iterable[bytes], url: str) -> Iterator[dict[str, object]]:
    """Yield name and serial of each entry of `projects`, whatever else the document holds.

    Only these values are kept, and only of one entry at a time, however deep and wide the
    document is.

    Raises:
        InvalidPage: if it is not one whole JSON object with a list of projects.
    """
    depth = 0
    top_key = key = ""
    entry: dict[str, object] = {}
    has_projects = False
    for event, value in _events(pieces, url):
        match event:
            case "start_map" | "start_array":
                depth += 1
                has_projects |= (depth, event, top_key) == (2, "start_array", "projects")
                if depth == 3:  # noqa: PLR2004 - document, list, entry
                    entry = {}
            case "end_map" | "end_array":
                depth -= 1
                if has_projects and (depth, event, top_key) == (2, "end_map", "projects"):
                    yield entry
            case "map_key":
                key = value
                top_key = value if depth == 1 else top_key
            case _:
                if depth == 3 and key in {"name", _SERIAL}:  # noqa: PLR2004 - the same
                    entry[key] = value
    if not has_projects:
        raise InvalidPage(url, "It has no list of projects")


def _events(pieces: Iterable[bytes], url: str) -> Iterator[tuple[str, Any]]:
    """Yield the document's events: their kinds, and keys or plain values."""
    try:
        yield from ijson.basic_parse(_Reader(pieces))
    except (ijson.JSONError, ValueError, ArithmeticError):
        raise InvalidPage(url, "It is not valid JSON, or broke off") from None


class _Reader:
    """Pieces as a file that can only be read on."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, size: int) -> bytes:
        """Return the next piece, which may have any size; nothing at the end."""
        if size == 0:
            # How ijson finds out whether this is text or bytes.
            return b""
        return next((piece for piece in self._pieces if piece), b"")
