"""What an object file tells the loader: libraries, search paths, symbols and their versions."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any

from wheelyard.errors import HostileContent

_PT_LOAD = 1
_NEEDED = 1
_STRTAB = 5
_SYMTAB = 6
_HASH = 4
_STRSZ = 10
_SONAME = 14
_RPATH = 15
_RUNPATH = 29
_GNU_HASH = 0x6FFFFEF5
_VERNEED = 0x6FFFFFFE
_VERNEEDNUM = 0x6FFFFFFF
_MAX_STRINGS = 128 * 1024**2
_MAX_SYMBOLS = 4_000_000
_MAX_ENTRIES = 2000
_MAX_VERSIONS = 2000
_MAX_TEXT = 1024
_MAX_SYMBOL = 64 * 1024
_MOST_SHARED = 4
"""Linkers let names share their ends, but not so much that all are this many times their table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A program header: a piece of the file, where it goes, and with which rights (flags)."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    alignment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic:
    """What the loader is told.

    `needed` are the libraries to be loaded, `search_paths` where they are looked for besides (RPATH
    and RUNPATH, one entry each); `versions` maps libraries to the symbol versions that they must
    have; `imports` are the symbols that others must define, `exports` those that this defines.
    """

    needed: tuple[str, ...] = ()
    soname: str | None = None
    search_paths: tuple[str, ...] = ()
    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    imports: frozenset[str] = frozenset()
    exports: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An object file that is being read; sizes and places in bytes."""

    file: IO[bytes]
    name: str
    size: int
    order: str
    bits: int
    loaded: tuple[Segment, ...] = ()

    def with_segments(self, segments: tuple[Segment, ...]) -> "Image":
        """Return the image with what is loaded of it, so that addresses can be found."""
        return replace(self, loaded=tuple(item for item in segments if item.kind == _PT_LOAD))

    def read(self, offset: int, length: int) -> bytes:
        """Return a piece of the file, which must be there whole.

        Raises:
            HostileContent: if it is not.
        """
        if offset + length > self.size:
            raise HostileContent(f"{self.name!a} is cut off")
        self.file.seek(offset)
        return self.file.read(length)

    def unpack(self, layout: str, offset: int) -> tuple[Any, ...]:
        """Return the fields at a place of the file. Raises as `read`."""
        layout = f"{self.order}{layout}"
        return struct.unpack(layout, self.read(offset, struct.calcsize(layout)))

    def place_of(self, address: int) -> int:
        """Return where in the file the loaded byte at an address is.

        Raises:
            HostileContent: if nothing is loaded there from the file.
        """
        for segment in self.loaded:
            if segment.address <= address < segment.address + segment.file_size:
                return address - segment.address + segment.offset
        raise HostileContent(f"{self.name!a} points at what it does not hold")


def read_dynamic(image: Image, table: Segment, *, listed: int) -> Dynamic:
    """Read the dynamic section; `listed` is how many symbols the section headers tell of.

    Raises:
        HostileContent: if it contradicts itself.
    """
    entries = list(_entries(image, table))
    values = dict(reversed(entries))
    size = values.get(_STRSZ, 0)
    if size > _MAX_STRINGS:
        raise HostileContent(f"{image.name!a} has {size} bytes of names")
    strings = b""
    if _STRTAB in values and size:
        strings = image.read(image.place_of(values[_STRTAB]), size)
    texts = [(tag, _text(image, strings, at)) for tag, at in entries if tag in _TEXT_TAGS]
    imports, exports = _symbols(image, strings, values, listed=listed)
    return Dynamic(
        needed=tuple(text for tag, text in texts if tag == _NEEDED),
        soname=next((text for tag, text in texts if tag == _SONAME), None),
        search_paths=tuple(
            path for tag, text in texts if tag in {_RPATH, _RUNPATH} for path in text.split(":")
        ),
        versions=_versions(image, strings, values),
        imports=imports,
        exports=exports,
    )


_TEXT_TAGS = frozenset({_NEEDED, _SONAME, _RPATH, _RUNPATH})


def _entries(image: Image, table: Segment) -> Iterator[tuple[int, int]]:
    layout = f"{image.order}{'QQ' if image.bits == 64 else 'II'}"  # noqa: PLR2004 - the word's size
    length = struct.calcsize(layout)
    count = min(table.file_size // length, _MAX_ENTRIES)
    for tag, value in struct.iter_unpack(layout, image.read(table.offset, count * length)):
        if tag == 0:
            return
        yield tag, value


def _text(image: Image, strings: bytes, offset: int, limit: int = _MAX_TEXT) -> str:
    end = strings.find(b"\0", offset, offset + limit)
    if offset >= len(strings) or end < 0:
        raise HostileContent(f"{image.name!a} has a name that is not there")
    return strings[offset:end].decode(errors="backslashreplace")


def _symbols(
    image: Image, strings: bytes, values: Mapping[int, int], *, listed: int
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of undefined and of defined symbols."""
    if _SYMTAB not in values:
        return frozenset(), frozenset()
    start = image.place_of(values[_SYMTAB])
    layout = f"{image.order}{'IBBHQQ' if image.bits == 64 else 'IIIBBH'}"  # noqa: PLR2004 - as above
    length = struct.calcsize(layout)
    count = max(listed, _hashed(image, values))
    if not count and values.get(_STRTAB, 0) > values[_SYMTAB]:
        # Without any table of hashes: linkers put the names right behind the symbols.
        count = (values[_STRTAB] - values[_SYMTAB]) // length
    if count > _MAX_SYMBOLS:
        raise HostileContent(f"{image.name!a} has {count} symbols")
    section = 3 if image.bits == 64 else 5  # noqa: PLR2004 - the word's size, the field's number
    names: tuple[set[str], set[str]] = (set(), set())
    left = _MOST_SHARED * len(strings) + _MAX_SYMBOL
    for fields in struct.iter_unpack(layout, image.read(start, count * length)):
        if fields[0]:
            name = _text(image, strings, fields[0], _MAX_SYMBOL)
            left -= len(name)
            if left < 0:
                raise HostileContent(f"{image.name!a} has too many bytes of names")
            names[fields[section] != 0].add(name)
    return frozenset(names[0]), frozenset(names[1])


def _hashed(image: Image, values: Mapping[int, int]) -> int:
    """Return how many symbols the loader's tables of hashes know of."""
    count = 0
    if _HASH in values:
        count = image.unpack("II", image.place_of(values[_HASH]))[1]
    if _GNU_HASH in values:
        # Undefined symbols are not hashed: they come before the first one that is.
        count = max(count, image.unpack("II", image.place_of(values[_GNU_HASH]))[1])
    return count


def _versions(image: Image, strings: bytes, values: Mapping[int, int]) -> dict[str, frozenset[str]]:
    """Return the symbol versions that are needed of each library (`Elf_Verneed`)."""
    if _VERNEED not in values:
        return {}
    found: dict[str, set[str]] = {}
    total = 0
    start = image.place_of(values[_VERNEED])
    for _ in range(min(values.get(_VERNEEDNUM, 0), _MAX_ENTRIES)):
        _, count, file, first, following = image.unpack("HHIII", start)
        names = found.setdefault(_text(image, strings, file), set())
        place = start + first
        for _ in range(count):
            total += 1
            if total > _MAX_VERSIONS:
                raise HostileContent(f"{image.name!a} needs more than {_MAX_VERSIONS} versions")
            _, _, _, name, further = image.unpack("IHHII", place)
            names.add(_text(image, strings, name))
            if not further:
                break
            place += further
        if not following:
            break
        start += following
    return {library: frozenset(names) for library, names in found.items()}
