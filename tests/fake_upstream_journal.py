"""The journal of the fake index: its events, and the documents that tell of them.

`changelog` answers XML-RPC as `/pypi` does, `updates_feed` and `packages_feed` are the feeds at
`/rss/updates.xml` and `/rss/packages.xml`.
"""

import random
import xmlrpc.client
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from wheelyard.clock import Clock, SystemClock

ROWS_A_CALL = 50_000
_METHOD_UNKNOWN = -32601
_INVALID_PARAMS = -32602
_FEED_LENGTH = 100


@dataclass(frozen=True, kw_only=True)
class Event:
    """One row of the journal; `action` in the words that PyPI uses."""

    project: str
    version: str | None
    at: datetime
    action: str
    serial: int

    @property
    def row(self) -> list[object]:
        return [self.project, self.version, int(self.at.timestamp()), self.action, self.serial]


class Journal:
    """Events by serial; a held event has its serial already, and is shown only when released.

    `rows_a_call` is the most that one call returns; `shuffle`, if set, mixes up the rows of each
    answer.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.rows_a_call = ROWS_A_CALL
        self.shuffle: random.Random | None = None
        self.holds = False
        self._clock = clock or SystemClock()
        self._shown: dict[int, Event] = {}
        self._held: dict[int, Event] = {}
        self._serial = 1

    def add(self, project: str, action: str, version: str | None) -> int:
        """Write an event down and return its serial."""
        self._serial += 1
        event = Event(
            project=project,
            version=version,
            at=self._clock.now(),
            action=action,
            serial=self._serial,
        )
        (self._held if self.holds else self._shown)[event.serial] = event
        return event.serial

    @property
    def held(self) -> list[int]:
        return sorted(self._held)

    def release(self, *serials: int) -> None:
        """Show held events: those named, or all of them."""
        for serial in serials or tuple(self._held):
            self._shown[serial] = self._held.pop(serial)

    def restore_backup(self, serial: int) -> None:
        """Forget every event after a serial, and give the serials after it out again."""
        self._shown = {key: event for key, event in self._shown.items() if key <= serial}
        self._held = {}
        self._serial = serial

    @property
    def last_serial(self) -> int:
        return max(self._shown, default=0)

    def rows_since(self, serial: int) -> list[list[object]]:
        wanted = sorted(key for key in self._shown if key > serial)[: self.rows_a_call]
        rows = [self._shown[key].row for key in wanted]
        if self.shuffle is not None:
            self.shuffle.shuffle(rows)
        return rows

    def newest(self, action: str) -> list[Event]:
        events = [event for event in self._shown.values() if event.action == action]
        return sorted(events, key=lambda event: -event.serial)[:_FEED_LENGTH]


def changelog(journal: Journal, request: bytes) -> bytes:
    """Answer one XML-RPC call."""
    params, method = xmlrpc.client.loads(request.decode())
    match method, params:
        case "changelog_last_serial", ():
            return _answer(journal.last_serial)
        case "changelog_since_serial", (int(serial),):
            return _answer(journal.rows_since(serial))
        case "changelog_last_serial" | "changelog_since_serial", _:
            return rpc_fault(_INVALID_PARAMS, "invalid method parameters")
    return rpc_fault(_METHOD_UNKNOWN, f"unknown method {method}")


def _answer(value: Any) -> bytes:  # noqa: ANN401 - whatever XML-RPC can carry
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()


def rpc_fault(code: int, message: str) -> bytes:
    """Return the answer that a call failed, for `Fault.body`."""
    return xmlrpc.client.dumps(xmlrpc.client.Fault(code, message), methodresponse=True).encode()


def updates_feed(journal: Journal, root: str) -> bytes:
    items = [
        _item(
            f"{event.project} {event.version}",
            f"{root}/project/{event.project}/{event.version}/",
            event.at,
        )
        for event in journal.newest("new release")
    ]
    return _feed("recent updates", items)


def packages_feed(journal: Journal, root: str) -> bytes:
    items = [
        _item(f"{event.project} added", f"{root}/project/{event.project}/", event.at)
        for event in journal.newest("create")
    ]
    return _feed("newest packages", items)


def _item(title: str, link: str, at: datetime) -> str:
    return (
        f"<item><title>{escape(title)}</title><link>{escape(link)}</link>"
        f"<description>Text &amp; more</description>"
        f"<pubDate>{format_datetime(at.astimezone(UTC), usegmt=True)}</pubDate></item>"
    )


def _feed(title: str, items: list[str]) -> bytes:
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<rss version="2.0"><channel><title>{title}</title>',
            *items,
            "</channel></rss>",
        ]
    ).encode()
