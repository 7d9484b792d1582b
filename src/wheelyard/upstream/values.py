"""Single values from an index page, checked one by one: nothing that a page says is believed.

Each function takes whatever the page held and returns a clean value, or None (or an empty one)
where it held nothing usable; none of them raises.
"""

import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import urldefrag, urljoin, urlsplit

from wheelyard.errors import InvalidName
from wheelyard.model.names import Filename, parse_filename, parse_sha256
from wheelyard.model.project import ProjectStatus

MAX_SIZE = 2**42
"""No file is larger than this many bytes; a page that says so is not believed."""

_MAX_INTEGER = 2**63 - 1
_MAX_TEXT = 4000
_MAX_SPECIFIER = 1000
_MAX_URL = 2000
_INTEGER = re.compile(r"[0-9]{1,19}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_DIGEST = re.compile(r"[0-9a-f]{8,256}")


def clean_text(value: object, *, limit: int = _MAX_TEXT) -> str | None:
    """Return a text without what no database or page can hold; None if it is empty or no text.

    NUL characters and lone surrogates are removed, white space at the ends too.
    """
    if not isinstance(value, str):
        return None
    return _UNSTORABLE.sub("", value)[:limit].strip() or None


def clean_specifier(value: object) -> str | None:
    """Return a `requires-python`; one of absurd length is as if absent: half of it would lie."""
    text = clean_text(value, limit=_MAX_SPECIFIER + 1)
    return text if text and len(text) <= _MAX_SPECIFIER else None


def clean_filename(value: object) -> Filename | None:
    """Return the name of a file that is safe in a path and a page."""
    if not isinstance(value, str):
        return None
    try:
        return parse_filename(value)
    except InvalidName:
        return None


def clean_integer(value: object, *, maximum: int = _MAX_INTEGER) -> int | None:
    """Return a count from 0 to `maximum`, given as a number or as decimal digits."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= maximum else None


def clean_time(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC; one without an offset is taken to be in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def clean_hashes(value: object) -> dict[str, str]:
    """Return digests by algorithm, in lower case; what cannot be a digest is left out."""
    if not isinstance(value, dict):
        return {}
    hashes = {}
    for algorithm, digest in value.items():
        if not isinstance(algorithm, str) or not isinstance(digest, str):
            continue
        if _is_digest(algorithm.lower(), digest.lower()):
            hashes[algorithm.lower()] = digest.lower()
    return hashes


def _is_digest(algorithm: str, digest: str) -> bool:
    if algorithm == "sha256":
        try:
            parse_sha256(digest)
        except InvalidName:
            return False
        return True
    # The fragment of a link also holds other things, such as `egg=name`.
    return algorithm in hashlib.algorithms_guaranteed and bool(_DIGEST.fullmatch(digest))


def split_fragment(url: str) -> tuple[str, dict[str, str]]:
    """Part a link from the digests in its fragment (`…#sha256=…`, PEP 503)."""
    try:
        bare, fragment = urldefrag(url)
    except ValueError:
        # Such as an IPv6 address that does not end: `resolve` refuses it.
        return url, {}
    pairs = (pair.partition("=") for pair in fragment.split("&"))
    return bare, clean_hashes({algorithm: digest for algorithm, _, digest in pairs})


def resolve(url: object, *, base: str) -> str | None:
    """Return a link as an absolute URL without fragment; None unless it is a plain web address.

    Only http and https are taken, and no user names or passwords: the URL will be stored, shown
    and given to other machines.
    """
    if not isinstance(url, str) or _NOT_IN_URLS.search(url.strip()):
        return None
    try:
        absolute = urldefrag(urljoin(base, url.strip())).url
        parts = urlsplit(absolute)
        usable = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return None
    return absolute if usable and len(absolute) <= _MAX_URL else None


def clean_yank(value: object) -> tuple[bool, str | None]:
    """Return whether a file is yanked and why, from JSON's boolean or reason (PEP 592, 691)."""
    if isinstance(value, str):
        return bool(value), clean_text(value)
    return value is True, None


def clean_core_metadata(value: object) -> dict[str, str] | bool | None:
    """Return what JSON says about the metadata file: hashes, a boolean, or nothing (PEP 714)."""
    if isinstance(value, dict):
        return clean_hashes(value) or True
    return value if isinstance(value, bool) else None


def clean_status(value: object) -> ProjectStatus | None:
    """Return a project status marker (PEP 792); None if it is not one that we know."""
    text = clean_text(value)
    try:
        return ProjectStatus(text.lower()) if text else None
    except ValueError:
        return None
