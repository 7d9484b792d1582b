"""Builds that may be shown, and their logs while they grow and afterwards."""

import zlib

from wheelyard.database import builds
from wheelyard.database.engine import reading
from wheelyard.errors import NotStored
from wheelyard.model.summary import BuildSummary
from wheelyard.web.state import AppState

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_END = 48 * 1024
_AT_ONCE = 1024**2
_LONGEST_CHARACTER = 4


def shown_build(state: AppState, build_id: str) -> BuildSummary | None:
    """Return a build; None if there is none, or if upstream withdrew what it was made from."""
    with reading(state.engine) as connection:
        return builds.shown_build(connection, build_id)


def whole_log(state: AppState, build: BuildSummary) -> bytes:
    """Return a build's log as far as there is one.

    Raises:
        NotStored: if the stored log is gone.
    """
    if build.log_key is None:
        with reading(state.engine) as connection:
            return builds.read_log(connection, build.id)
    return unpacked(state.store.get(build.log_key))


def log_end(state: AppState, build_id: str) -> tuple[bytes, int]:
    """Return the last whole lines of a log that grows, and the byte at which they end."""
    with reading(state.engine) as connection:
        start = max(builds.log_size(connection, build_id) - _END, 0)
        text = builds.read_log(connection, build_id, start=start)
    size = text.rfind(b"\n") + 1
    first = text.find(b"\n", 0, size) + 1 if start else 0
    return text[first:size], start + size


def log_piece(state: AppState, build: BuildSummary, *, offset: int, limit: int) -> bytes:
    """Return at most `limit` bytes of a log from a byte on; nothing where there is no more.

    A character is not cut in two at the end, unless the log itself ends so.
    """
    if build.log_key is None:
        with reading(state.engine) as connection:
            piece = builds.read_log(connection, build.id, start=offset, limit=limit)
    else:
        try:
            piece = unpacked_part(state.store.get(build.log_key), offset=offset, limit=limit)
        except NotStored:
            return b""
    return _whole_characters(piece)


def _whole_characters(piece: bytes) -> bytes:
    """Leave out the beginning of a character at the end of a piece (UTF-8); the next one has it."""
    for back in range(1, min(_LONGEST_CHARACTER, len(piece))):
        byte = piece[-back]
        if byte < 0x80:  # noqa: PLR2004 - the masks of UTF-8
            break
        if byte >= 0xC0:  # noqa: PLR2004
            length = 2 + (byte >= 0xE0) + (byte >= 0xF0)  # noqa: PLR2004
            return piece if back >= length else piece[:-back]
    return piece


def unpacked_part(packed: bytes, *, offset: int, limit: int) -> bytes:
    """Undo gzip from a byte on; what is before it is passed over, what comes after left alone."""
    unpacking = zlib.decompressobj(wbits=_GZIP_WINDOW)
    passed = 0
    while passed < offset:
        some = unpacking.decompress(packed, min(offset - passed, _AT_ONCE))
        if not some:
            return b""
        passed += len(some)
        packed = unpacking.unconsumed_tail
    return unpacking.decompress(packed, limit)


def unpacked(packed: bytes) -> bytes:
    """Undo gzip; we packed it ourselves, and the log's limit bounds it."""
    return zlib.decompress(packed, wbits=_GZIP_WINDOW)
