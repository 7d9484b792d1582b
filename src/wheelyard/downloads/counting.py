"""Counting what the lines of a log say, in memory; what a tally holds names no host and no person.

Lines come by the million, so each distinct request and each distinct User-Agent is read once, and
a line costs a few look-ups of bytes that were seen before.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date

from wheelyard.downloads.lines import read_line
from wheelyard.downloads.requests import read_target
from wheelyard.downloads.samples import clean_sample
from wheelyard.downloads.user_agent import read_user_agent
from wheelyard.model.download import Client, Counts, Request, RequestKind

_MOST_REMEMBERED = 100_000
"""So many distinct requests, User-Agents or counts make a tally full, which bounds its memory."""

_MOST_BYTES = 32 * 1024 * 1024
"""So many bytes of them do, too: somebody may send long ones on purpose."""

_SAMPLES = 5
_PARTLY = 206
_FULFILLED = frozenset({200, _PARTLY})
_ASKED = frozenset({200, 304})
_ANSWERED = _FULFILLED | _ASKED
_NOTHING = -1
_EARLIEST = date(2000, 1, 1)


class Tally:
    """Counts of the lines of a log since the last time that they were put on record.

    `hosts` makes digests of hosts for the days' counts of distinct hosts: bytes of a host and the
    day to text, None for days that are long over; without it hosts are not looked at. Lines that
    claim to be of a day after `latest` are rejected: no clock is that wrong.
    """

    def __init__(
        self, *, latest: date, hosts: Callable[[bytes, date], str | None] | None = None
    ) -> None:
        self._latest = latest
        self.lines = 0
        self.rejected = 0
        self.samples: list[str] = []
        self._hosts = hosts
        self._digests: set[tuple[date, str]] = set()
        self._counts: dict[tuple[date, int, int], int] = {}
        self._requests: list[Request] = []
        self._request_ids: dict[bytes, int] = {}
        self._clients: list[Client] = []
        self._client_ids: dict[bytes, int] = {}
        self._ids_by_client: dict[Client, int] = {}
        self._bytes = 0
        self._first_parts: set[tuple[date, bytes, int]] = set()

    @property
    def is_full(self) -> bool:
        """Whether it is time to put the counts on record and begin anew."""
        return (
            max(
                *(len(self._counts), len(self._request_ids), len(self._client_ids)),
                *(len(self._digests), len(self._first_parts)),
            )
            >= _MOST_REMEMBERED
            or self._bytes >= _MOST_BYTES
        )

    def count(self, lines: Iterable[bytes]) -> None:
        """Count lines, each without its newline; empty ones are nothing."""
        counts, request_ids, client_ids = self._counts, self._request_ids, self._client_ids
        for line in lines:
            entry = read_line(line)
            if entry is None or not _EARLIEST <= entry.day <= self._latest:
                self._reject(line)
                continue
            self.lines += 1
            if entry.method != b"GET" or entry.status not in _ANSWERED:
                continue
            request = request_ids.get(entry.target)
            if request is None:
                request = self._remember_request(entry.target)
            if request == _NOTHING:
                continue
            if not self._is_whole(
                request, entry.day, entry.status, entry.first_byte, entry.is_finished, entry.host
            ):
                continue
            client = client_ids.get(entry.user_agent)
            if client is None:
                client = self._remember_client(entry.user_agent)
            key = (entry.day, request, client)
            counts[key] = counts.get(key, 0) + 1
            if self._hosts is not None:
                digest = self._hosts(entry.host, entry.day)
                if digest is not None:
                    self._digests.add((entry.day, digest))

    def _is_whole(  # noqa: PLR0913, PLR0917 - the parts of a line, which is too hot for more calls
        self,
        request: int,
        day: date,
        status: int,
        first_byte: int | None,
        is_finished: bool | None,  # noqa: FBT001 - as above
        host: bytes,
    ) -> bool:
        """Tell whether an answer counts: a file's once, however many parts it was fetched in."""
        if self._requests[request].kind is not RequestKind.DOWNLOAD:
            return status in _ASKED
        if status not in _FULFILLED or is_finished is False or first_byte:
            return False
        if status != _PARTLY or first_byte == 0:
            return True
        # The log does not tell which part this was: the first one that a host fetched counts.
        part = (day, host, request)
        is_first = part not in self._first_parts
        self._first_parts.add(part)
        return is_first

    def _reject(self, line: bytes) -> None:
        if not line:
            return
        self.lines += 1
        self.rejected += 1
        if len(self.samples) < _SAMPLES:
            self.samples.append(clean_sample(line))

    def _remember_request(self, target: bytes) -> int:
        request = read_target(target.decode(errors="replace"))
        number = _NOTHING
        if request is not None:
            number = len(self._requests)
            self._requests.append(request)
        self._request_ids[target] = number
        self._bytes += len(target)
        return number

    def _remember_client(self, user_agent: bytes) -> int:
        client = read_user_agent(user_agent.decode(errors="replace"))
        number = self._ids_by_client.get(client)
        if number is None:
            number = self._ids_by_client[client] = len(self._clients)
            self._clients.append(client)
        self._client_ids[user_agent] = number
        self._bytes += len(user_agent)
        return number

    def counts(self) -> Counts:
        """Return what was counted."""
        counted: Counter[tuple[date, Request, Client]] = Counter()
        for (day, request, client), number in self._counts.items():
            counted[day, self._requests[request], self._clients[client]] += number
        return Counts(
            requests=counted,
            hosts=frozenset(self._digests),
            lines=self.lines,
            rejected=self.rejected,
            samples=tuple(self.samples),
        )
