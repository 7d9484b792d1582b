"""What a configuration of nginx or Caddy in front of us is made from; pure."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wheelyard.errors import BadInput
from wheelyard.protocol import PART_BYTES
from wheelyard.web.responses import CONTENT_POLICY, IMMUTABLE_CACHING, PAGE_CACHING

CHANNEL_PATTERN = "[a-z][a-z0-9]{0,30}"
"""The names of channels, as regular expressions of nginx and Caddy have it."""

NAME_PATTERN = "[a-z0-9]+(?:-[a-z0-9]+)*"
"""Normalised names of projects."""

HASH_PATH = "[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}"
"""The part of a file's path that its SHA-256 makes."""

SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
"""What our own process sends with every answer."""

PAGE_VARY = "Accept, Accept-Encoding"
"""Which headers of a request choose the form of a simple page."""

UNCACHED = "no-store"
TEXT = "text/plain; charset=utf-8"
LARGEST_BODY = PART_BYTES
_PLAIN = re.compile(r"[A-Za-z0-9._~:/?&=%+,@\[\]-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontServer:
    """What a web server in front must know.

    `folder` is the store, or `bucket` the URL below which anybody may read its objects; `process`
    is the address of our own web process, `upstream` the simple index that is followed, `listen` an
    address and a port. `channels` are the active ones.
    """

    server_name: str
    listen: str
    process: str
    upstream: str
    log: Path
    channels: tuple[str, ...]
    folder: Path | None = None
    bucket: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would have to be quoted in a configuration.

        Raises:
            BadInput: if a value has other than plain characters, or there is no store.
        """
        texts = (self.server_name, self.listen, self.process, self.upstream, str(self.log))
        store = str(self.folder) if self.folder else self.bucket
        for text in (*texts, *self.channels, store or ""):
            if not _PLAIN.fullmatch(text):
                raise BadInput(repr(text), "A configuration takes plain characters only")
        if self.bucket is not None and urlsplit(self.bucket).scheme not in {"http", "https"}:
            raise BadInput(self.bucket, "Objects are read over http or https")

    @property
    def has_several_channels(self) -> bool:
        """Whether installers that tell their distribution release are sent to a channel."""
        return len(self.channels) > 1

    @property
    def plain_vary(self) -> str:
        """Which headers choose the answer where installers may be sent to a channel."""
        return f"{PAGE_VARY}, User-Agent" if self.has_several_channels else PAGE_VARY

    @property
    def upstream_simple(self) -> str:
        """The simple index that is followed, without a slash at its end."""
        return self.upstream.rstrip("/")


def page_headers(content_type: str, *, vary: str | None = None) -> dict[str, str]:
    """Return what goes with a page, but for its type."""
    headers = {"Cache-Control": PAGE_CACHING}
    if vary:
        headers["Vary"] = vary
    if "html" in content_type:
        headers["Content-Security-Policy"] = CONTENT_POLICY
    return headers | SAFE_HEADERS


def file_headers() -> dict[str, str]:
    """Return what goes with a file that never changes."""
    return {"Cache-Control": IMMUTABLE_CACHING} | SAFE_HEADERS
