"""Reading one log file from a place on, plain or compressed, in pieces of bounded size."""

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BLOCK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_OPTIONS = {int(zstd.DecompressionParameter.window_log_max): 27}
"""Files of a command line's `zstd --long` are read; what wants more memory is not."""

_LONGEST_FIRST_LINE = 64 * 1024
_MOST_DIRECTIVES = 10

BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError)
"""What reading a compressed file raises that is cut off or damaged."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file: the file's identity, and bytes from its beginning, uncompressed."""

    identity: str
    offset: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines without their newlines, and the place after them.

    `ends_file` says that nothing will ever be added to the file.
    """

    lines: list[bytes]
    end: Position
    ends_file: bool = False


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file to read it uncompressed; what it is its first bytes say, not its name.

    Raises `OSError`, and while it is read one of `BROKEN`.
    """
    with path.open("rb") as file:
        magic = file.read(len(_ZSTD))
        file.seek(0)
        if magic.startswith(_GZIP):
            with gzip.open(file) as unpacked:
                yield unpacked
        elif magic == _ZSTD:
            with zstd.ZstdFile(file, options=_ZSTD_OPTIONS) as unpacked:
                yield unpacked
        else:
            yield file


def beginning(path: Path) -> str | None:
    """Return a digest of a file's first line, or of its start if the line is very long.

    Lines before it that tell of the file itself (`#Version: 1.0`) belong to it, for they are the
    same in many files. None if the first line is not there yet. Raises `OSError` and `BROKEN`.
    """
    with opened(path) as file:
        return _beginning(file)


def _beginning(file: io.BufferedIOBase) -> str | None:
    digest = hashlib.sha256()
    for _ in range(_MOST_DIRECTIVES):
        line = file.readline(_LONGEST_FIRST_LINE)
        if not line.endswith(b"\n") and len(line) < _LONGEST_FIRST_LINE:
            return None
        digest.update(line)
        if not line.startswith(b"#"):
            break
    return digest.hexdigest()


def read_chunks(
    path: Path, start: Position, *, is_settled: bool, begins: str | None = None
) -> Iterator[Chunk]:
    """Yield the lines of a file from a place on.

    With `begins`, nothing is read if the file does not begin so (`beginning`): logs are renamed at
    any moment, and another one may have got the path. The last line counts without a newline only
    if the file `is_settled`: nobody writes to it any more. A line that is longer than a block is
    passed on in pieces. Raises `OSError`, and `BROKEN` after everything that can be read.
    """
    offset, rest = start.offset, b""
    with opened(path) as file:
        if begins is not None:
            if _beginning(file) != begins:
                return
            file.seek(0)
        _skip(file, offset)
        while block := file.read1(_BLOCK):
            block = rest + block
            whole = block.rfind(b"\n") + 1
            if not whole and len(block) > _BLOCK:
                whole = len(block)
            rest = block[whole:]
            if whole:
                offset += whole
                yield Chunk(
                    block[:whole].removesuffix(b"\n").split(b"\n"), Position(start.identity, offset)
                )
    if is_settled:
        end = Position(start.identity, offset + len(rest))
        yield Chunk([rest] if rest else [], end, ends_file=True)


def _skip(file: io.BufferedIOBase, offset: int) -> None:
    """Go to a place; in a compressed file that means reading what is before it."""
    if isinstance(file, io.BufferedReader):
        file.seek(offset)
        return
    while offset > 0:
        skipped = len(file.read1(min(offset, _BLOCK)))
        if not skipped:
            return
        offset -= skipped
