"""One request to an index: its address and credentials, what it may answer, and how much of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2

from wheelyard.clock import Clock
from wheelyard.errors import InvalidPage, InvalidSetting, SourceMissing, UpstreamUnavailable

_LONGEST_RETRY_AFTER = timedelta(days=1)
_DEFAULT_WAIT = timedelta(seconds=30)
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_MISSING = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.GONE,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document to ask for: at most `limit` bytes (as decoded) that all come `within` a time."""

    url: str
    accept: str
    limit: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came: the media type in lower case, and the body piece by piece, to be read once."""

    media_type: str
    pieces: Iterator[bytes]


class Exchange:
    """Asks one index for what tells of changes.

    User name and password in the index's URL are sent to it, and are part of nothing that is
    logged, raised or stored. Not for use by several threads at once.
    """

    def __init__(self, client: httpx2.Client, url: str, *, clock: Clock) -> None:
        """Ask the index whose simple index is at `url`.

        Raises:
            InvalidSetting: if that is no http or https address.
        """
        address = index_address(url)
        self._client = client
        self._clock = clock
        self.url = str(address.copy_with(username=None, password=None))
        self._auth = (
            httpx2.BasicAuth(address.username, address.password) if address.userinfo else None
        )

    @contextmanager
    def get(self, document: Document) -> Iterator[Answer]:
        """Ask for a document.

        Raises:
            SourceMissing: if the index says that it has none.
            UpstreamUnavailable: if it does not answer, not with a document, or breaks off.
            InvalidPage: if the document is too large.
        """
        with self._exchange("GET", document) as answer:
            yield answer

    @contextmanager
    def post(self, document: Document, *, content: bytes, media_type: str) -> Iterator[Answer]:
        """Send something and ask for the document that answers it; raises as `get` does."""
        with self._exchange("POST", document, content, media_type) as answer:
            yield answer

    @contextmanager
    def _exchange(
        self,
        method: str,
        document: Document,
        content: bytes | None = None,
        media_type: str | None = None,
    ) -> Iterator[Answer]:
        headers = {"Accept": document.accept}
        if media_type is not None:
            headers["Content-Type"] = media_type
        with (
            _unavailable(document.url),
            self._client.stream(
                method, document.url, headers=headers, content=content, auth=self._auth
            ) as response,
        ):
            self._check_status(response, document.url)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            yield Answer(media_type=kind, pieces=_pieces(response, document))

    def _check_status(self, response: httpx2.Response, url: str) -> None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        advice = f"It answered with status {status}"
        if status in _MISSING:
            raise SourceMissing(url, advice)
        if status in _DENIED:
            advice += "; does the index's address need a user name and a password?"
        wait = retry_after(response, self._clock.now())
        if wait is None and status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = _DEFAULT_WAIT
        raise UpstreamUnavailable(
            url, advice, retry_after=None if wait is None else wait.total_seconds()
        )


@contextmanager
def _unavailable(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        cause = f"{type(error).__name__}: {error}"
        raise UpstreamUnavailable(url, f"It did not answer: {cause}") from error


def _pieces(response: httpx2.Response, document: Document) -> Iterator[bytes]:
    """Yield the body as decoded, so that a few compressed bytes cannot fill the memory."""
    announced = response.headers.get("Content-Length", "")
    size = 0
    deadline = time.monotonic() + document.within.total_seconds()
    if announced.isdecimal() and int(announced[:19]) > document.limit:
        raise InvalidPage(document.url, f"It is larger than {document.limit} bytes")
    for piece in response.iter_bytes():
        size += len(piece)
        if size > document.limit:
            raise InvalidPage(document.url, f"It is larger than {document.limit} bytes")
        yield piece
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("the body takes too long", request=response.request)


def index_address(url: str) -> httpx2.URL:
    """Return the address of a simple index, with a slash at its end.

    Raises:
        InvalidSetting: if it is no http or https address; the URL itself may hold a password and
            is not repeated.
    """
    try:
        address = httpx2.URL(url if url.endswith("/") else f"{url}/")
    except httpx2.InvalidURL:
        raise InvalidSetting("the index's address", "It is not a URL") from None
    if address.scheme not in {"http", "https"} or not address.host:
        raise InvalidSetting(
            f"an index at {address.scheme or 'no'}:", "The index must be at an http or https URL"
        )
    return address


def retry_after(response: httpx2.Response, now: datetime) -> timedelta | None:
    """Read `Retry-After`, in seconds or as a date (RFC 9110), up to a day."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        seconds = int(text[:9])
        return min(timedelta(seconds=seconds), _LONGEST_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(text) - now
    except (ValueError, TypeError):
        # No date, or one without a time zone.
        return None
    return min(max(wait, timedelta(0)), _LONGEST_RETRY_AFTER)
