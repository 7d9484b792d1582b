"""Counting what the lines of a log say, in memory; what a tally holds names no host and no person.

Lines come by the million, so each distinct request and each distinct User-Agent is read once, and
a line costs a few look-ups of bytes that were seen before.
"""

from collections.abc import Callable, Iterable
from datetime import date

from wheelyard.downloads.lines import read_line
from wheelyard.downloads.requests import read_target
from wheelyard.downloads.samples import clean_sample
from wheelyard.downloads.tabbed import DIRECTIVE
from wheelyard.downloads.user_agent import read_user_agent
from wheelyard.model.download import Client, ClientClass, Counts, Request, RequestKind

_MOST_REMEMBERED = 100_000
"""So many distinct requests, User-Agents or counts make a tally full, which bounds its memory."""

_MOST_BYTES = 32 * 1024 * 1024
"""So many bytes of them do, too: somebody may send long ones on purpose."""

_SAMPLES = 5
_OK = 200
_PARTLY = 206
_ANSWERED = frozenset({_OK, _PARTLY, 304})
_NOTHING = -1
_EARLIEST = date(2000, 1, 1)


class _Remembered(dict[bytes, int]):
    """Numbers of texts; each text is read once, when it is seen for the first time."""

    def __init__(self, read: Callable[[bytes], int]) -> None:
        self._read = read

    def __missing__(self, text: bytes) -> int:
        number = self[text] = self._read(text)
        return number


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
        self._installers: dict[tuple[date, int], int] = {}
        self._requests: list[Request] = []
        self._request_ids = _Remembered(self._read_request)
        self._downloads: set[int] = set()
        self._clients: list[Client] = []
        self._client_ids = _Remembered(self._read_client)
        self._ids_by_client: dict[Client, int] = {}
        self._askers: list[Client] = []
        self._asker_of: list[int] = []
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
        """Count lines without their newlines, but for empty ones and what a file says of itself."""
        counts, request_ids, client_ids = self._counts, self._request_ids, self._client_ids
        installers, downloads, asker_of = self._installers, self._downloads, self._asker_of
        for line in lines:
            entry = read_line(line)
            if entry is None or not _EARLIEST <= entry[0] <= self._latest:
                self._reject(line)
                continue
            self.lines += 1
            # A line is too hot for names: taking the entry apart at once is twice as fast.
            day, method, target, status, user_agent, host, first_byte, is_finished = entry
            if method != b"GET" or status not in _ANSWERED:
                continue
            request = request_ids[target]
            if request in downloads:
                if is_finished is False or (
                    status != _OK and not self._is_first(request, day, status, first_byte, host)
                ):
                    continue
                client = client_ids[user_agent]
                told = (day, client)
                installers[told] = installers.get(told, 0) + 1
            elif request == _NOTHING or status == _PARTLY:
                continue
            else:
                client = client_ids[user_agent]
            key = (day, request, asker_of[client])
            counts[key] = counts.get(key, 0) + 1
            if self._hosts is not None:
                digest = self._hosts(host, day)
                if digest is not None:
                    self._digests.add((day, digest))

    def _is_first(
        self, request: int, day: date, status: int, first_byte: int | None, host: bytes
    ) -> bool:
        """Tell whether part of a file counts for the file: one does, of however many parts."""
        if status != _PARTLY or first_byte:
            return False
        if first_byte == 0:
            return True
        # The log does not tell which part this was: the first one that a host fetched counts.
        part = (day, host, request)
        is_first = part not in self._first_parts
        self._first_parts.add(part)
        return is_first

    def _reject(self, line: bytes) -> None:
        if not line or DIRECTIVE.match(line):
            return
        self.lines += 1
        self.rejected += 1
        if len(self.samples) < _SAMPLES:
            self.samples.append(clean_sample(line))

    def _read_request(self, target: bytes) -> int:
        request = read_target(target.decode(errors="replace"))
        number = _NOTHING
        if request is not None:
            number = len(self._requests)
            self._requests.append(request)
            if request.kind is RequestKind.DOWNLOAD:
                self._downloads.add(number)
        self._bytes += len(target)
        return number

    def _read_client(self, user_agent: bytes) -> int:
        client = read_user_agent(user_agent.decode(errors="replace"))
        number = self._ids_by_client.get(client)
        if number is None:
            number = self._ids_by_client[client] = len(self._clients)
            self._clients.append(client)
            if client.asker not in self._askers:
                self._askers.append(client.asker)
            self._asker_of.append(self._askers.index(client.asker))
        self._bytes += len(user_agent)
        return number

    def counts(self) -> Counts:
        """Return what was counted."""
        requests: dict[tuple[date, Request, Client], int] = {}
        for (day, request, asker), number in self._counts.items():
            asked = (day, self._requests[request], self._askers[asker])
            # The same file may have been asked for in several ways.
            requests[asked] = requests.get(asked, 0) + number
        return Counts(
            requests=requests,
            installers={
                (day, self._clients[client]): number
                for (day, client), number in self._installers.items()
                if self._clients[client].client_class is ClientClass.INSTALLER
            },
            hosts=frozenset(self._digests),
            lines=self.lines,
            rejected=self.rejected,
            samples=tuple(self.samples),
        )
