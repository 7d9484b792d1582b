"""Asking the server that is copied: few connections, everything bounded, nothing believed."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx2

from wheelyard.client import read_limited
from wheelyard.errors import BadInput, HostileContent, NotFound, ServerUnavailable
from wheelyard.storage.store import Store

MAX_PAGE = 64 * 1024**2
"""The largest page that is taken, in bytes."""

_ATTEMPTS = 4
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 120.0
_OK = 200
_GONE = frozenset({404, 410})
_LATER = frozenset({429, 500, 502, 503, 504})


class Origin:
    """The server that is copied.

    It is asked again, after a pause that it may name, when it has too much to do. Redirects are
    followed nowhere: what is copied is at the address that was given. `pause` waits so many
    seconds.
    """

    def __init__(
        self, client: httpx2.Client, url: str, *, pause: Callable[[float], object]
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query:
            raise BadInput(url, "A mirror copies from http://… or https://…")
        self.url = url.rstrip("/")
        self._client = client
        self._pause = pause
        self._lock = threading.Lock()
        self.requests = 0
        self.received = 0

    def get(
        self,
        path: str,
        *,
        accept: str = "*/*",
        limit: int = MAX_PAGE,
        may_lead_away: bool = False,
    ) -> bytes | None:
        """Return what is at a path; None if there is nothing, or only what `may_lead_away`.

        Raises:
            ServerUnavailable: if the server does not answer as it should.
            HostileContent: if it sends more than `limit` bytes.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._client.stream(
                    "GET", self.url + path, headers={"Accept": accept}, follow_redirects=False
                ) as answer:
                    if answer.status_code in _LATER and attempt + 1 < _ATTEMPTS:
                        self._wait(answer, attempt)
                        continue
                    if may_lead_away and answer.is_redirect:
                        self._note(0)
                        return None
                    if not self._is_there(path, answer):
                        return None
                    body = read_limited(answer, limit)
            except httpx2.TransportError as error:
                self._give_up_or_wait(path, error, attempt)
                continue
            if body is None:
                raise HostileContent(self.url + path, f"It has more than {limit} bytes")
            self._note(len(body))
            return body
        raise ServerUnavailable(self.url + path)

    def copy(self, path: str, store: Store, *, size: int | None, sha256: str | None) -> bool:
        """Copy a file into the store if its size and SHA-256 are these; false if there is none.

        Nothing is under its name before all of it has come and was found right.

        Raises:
            ServerUnavailable: if the server does not answer as it should, or breaks off.
            HostileContent: if other bytes come than were announced, or more than `MAX_PAGE` where
                nothing was.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._client.stream(
                    "GET",
                    f"{self.url}/{path}",
                    headers={"Accept-Encoding": "identity"},
                    follow_redirects=False,
                ) as answer:
                    if answer.status_code in _LATER and attempt + 1 < _ATTEMPTS:
                        self._wait(answer, attempt)
                        continue
                    if not self._is_there(path, answer):
                        return False
                    store.put(path, _checked(answer, path, size=size, sha256=sha256))
                    self._note(size or 0)
                    return True
            except httpx2.TransportError as error:
                self._give_up_or_wait(path, error, attempt)
        raise ServerUnavailable(path)

    def _is_there(self, path: str, answer: httpx2.Response) -> bool:
        if answer.status_code in _GONE:
            self._note(0)
            return False
        if answer.is_redirect:
            raise ServerUnavailable(
                self.url + path,
                "It redirects, which a mirror does not follow; give the address that it leads to",
            )
        if answer.status_code != _OK:
            raise ServerUnavailable(self.url + path, f"It answers with status {answer.status_code}")
        return True

    def _give_up_or_wait(self, path: str, error: httpx2.TransportError, attempt: int) -> None:
        if attempt + 1 == _ATTEMPTS:
            raise ServerUnavailable(self.url + path, f"{type(error).__name__}: {error}") from None
        self._pause(_FIRST_PAUSE * 2**attempt)

    def _wait(self, answer: httpx2.Response, attempt: int) -> None:
        told = answer.headers.get("Retry-After", "")
        seconds = float(told) if told.isdecimal() and told.isascii() else _FIRST_PAUSE * 2**attempt
        if seconds > _LONGEST_PAUSE:
            raise ServerUnavailable(self.url, f"It asks to come back after {seconds:g} seconds")
        self._pause(seconds)

    def _note(self, received: int) -> None:
        with self._lock:
            self.requests += 1
            self.received += received

    def require(self, path: str, *, accept: str = "*/*") -> bytes:
        """Return what is at a path.

        Raises:
            NotFound: if there is nothing; and what `get` raises.
        """
        found = self.get(path, accept=accept)
        if found is None:
            raise NotFound(self.url + path, "This is no server that can be copied")
        return found


def _checked(
    answer: httpx2.Response, path: str, *, size: int | None, sha256: str | None
) -> Iterator[bytes]:
    """Yield a body's bytes; raise at its end, at the latest, if they are not the right ones."""
    digest, count = hashlib.sha256(), 0
    limit = MAX_PAGE if size is None else size
    for piece in answer.iter_bytes():
        count += len(piece)
        if count > limit:
            raise HostileContent(path, f"More than {limit} bytes came")
        digest.update(piece)
        yield piece
    if size is not None and count != size:
        raise HostileContent(path, f"{count} bytes came instead of {size}")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise HostileContent(path, f"It has the SHA-256 {digest.hexdigest()}")
