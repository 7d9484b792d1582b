"""The feeds: the newest releases and projects of an index. Hints, for they tell of nothing else."""

import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote, urljoin, urlsplit

from wheelyard.errors import InvalidName
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.upstream.exchange import Document, Exchange
from wheelyard.upstream.markup import read_xml
from wheelyard.upstream.source import Changes

_FEEDS = ("../rss/updates.xml", "../rss/packages.xml")
_ACCEPT = "application/rss+xml, application/xml;q=0.9, text/xml;q=0.8"
_MAX_BYTES = 4 * 2**20
_LONGEST = timedelta(minutes=1)
_MAX_LINKS = 1000
_MAX_LINK = 500


class Feeds:
    """The two feeds of an index, beside its simple index.

    Yanks, removals and quarantines are not in them: they make nothing else needless.
    """

    name = "rss"

    def __init__(self, exchange: Exchange, *, every: timedelta = timedelta(minutes=1)) -> None:
        self.every = every
        self._exchange = exchange

    def changes(self, cursor: str | None) -> Iterator[Changes]:
        """Yield the projects of entries that were not there the last time; see `ChangeSource`."""
        seen = set(json.loads(cursor)) if cursor is not None else set()
        links = [link for feed in _FEEDS for link in self._links(feed)]
        names = dict.fromkeys(
            name for link in links if link not in seen and (name := _project(link)) is not None
        )
        yield Changes(
            projects=tuple(ChangedProject(name=name) for name in names),
            cursor=json.dumps(sorted(set(links))),
        )

    def _links(self, feed: str) -> list[str]:
        url = urljoin(self._exchange.url, feed)
        document = Document(url=url, accept=_ACCEPT, limit=_MAX_BYTES, within=_LONGEST)
        links = _Links()
        with self._exchange.get(document) as answer:
            read_xml(answer.pieces, url, start=links.start, text=links.text, end=links.end)
        return links.found[:_MAX_LINKS]


class _Links:
    """Collects what stands in the `link` of each `item`."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._is_in_item = False
        self._text: str | None = None

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._is_in_item |= tag == "item"
        self._text = "" if self._is_in_item and tag == "link" else None

    def text(self, text: str) -> None:
        if self._text is not None and len(self._text) <= _MAX_LINK:
            self._text += text

    def end(self, tag: str) -> None:
        if self._text is not None and len(self._text) <= _MAX_LINK:
            self.found.append(self._text.strip())
        self._text = None
        self._is_in_item &= tag != "item"


def _project(link: str) -> ProjectName | None:
    """Return the project of a link `…/project/NAME/` or `…/project/NAME/VERSION/`."""
    try:
        parts = unquote(urlsplit(link).path).strip("/").split("/")
        place = parts.index("project")
        return parse_project_name(parts[place + 1])
    except (ValueError, IndexError, InvalidName):
        return None
