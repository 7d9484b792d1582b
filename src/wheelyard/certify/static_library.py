"""Static libraries (`.a`, the archives of ar): which object files they hold."""

import io
from collections.abc import Iterator
from typing import IO

from wheelyard.errors import HostileContent

MAGIC = b"!<arch>\n"
_HEADER = 60
_SIZE = slice(48, 58)
_END = b"`\n"
_MAX_MEMBERS = 100_000
_MAX_MEMBER = 256 * 1024**2


def members(file: IO[bytes], name: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the members of a static library, each as a file of its own, named after its place.

    Raises:
        HostileContent: if the library is cut off or broken.
    """
    size = file.seek(0, 2)
    position = len(MAGIC)
    for number in range(_MAX_MEMBERS + 1):
        if position >= size:
            return
        file.seek(position)
        header = file.read(_HEADER)
        length = header[_SIZE].strip()
        if len(header) != _HEADER or not header.endswith(_END) or not length.isdigit():
            raise HostileContent(f"{name!a} is a static library that is broken")
        start, end = position + _HEADER, position + _HEADER + int(length)
        if end > size or int(length) > _MAX_MEMBER:
            raise HostileContent(f"{name!a} is a static library that is cut off")
        yield f"{name}({number})", io.BytesIO(file.read(end - start))
        position = end + end % 2
    raise HostileContent(f"{name!a} is a static library with too many members")
