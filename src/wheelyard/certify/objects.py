"""What an object file asks of the machine that loads it.

It is read as the loader reads it, by its program headers, for section headers may say anything;
only the Arm attributes and the compilers' names are in sections alone. The files are treated as
hostile: every place is looked up within the file, and whatever is counted has a limit.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from wheelyard.certify.arm import MAX_ATTRIBUTES_BYTES, ArmAttributes, parse_attributes
from wheelyard.certify.dynamic import Dynamic, Image, Segment, read_dynamic
from wheelyard.certify.elf import HEADER_SIZE, Machine, read_machine
from wheelyard.errors import HostileContent

RELOCATABLE = 1
"""The type of an object that is not linked yet (`.o`): nothing loads it as it is."""

_EXECUTABLE = 2
_SHARED = 3
_ARM = 40
_SHT_ARM_ATTRIBUTES = 0x70000003
_SHT_DYNSYM = 11
_SHT_PROGBITS = 1
_PT_LOAD = 1
_PT_DYNAMIC = 2
_MAX_SEGMENTS = 1000
_MAX_SECTIONS = 100_000
_MAX_COMMENT = 64 * 1024
_SHF_MERGE_STRINGS = 0x30


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFile:
    """An object file of a wheel.

    `kind` is ELF's type of the file, `flags` its processor's flags; `dynamic` what the loader is
    told; `arm` the Arm attributes where there are any, and `compilers` what the compilers wrote.
    """

    name: str
    machine: Machine
    kind: int
    flags: int
    segments: tuple[Segment, ...] = ()
    dynamic: Dynamic = field(default_factory=Dynamic)
    arm: ArmAttributes | None = None
    compilers: bytes = b""

    @property
    def is_linked(self) -> bool:
        """Whether a loader can load it."""
        return self.kind != RELOCATABLE


@dataclass(frozen=True, slots=True)
class _Layout:
    """The fields that differ between 32 and 64 bits, as struct formats without byte order."""

    header: str
    segment: str
    section: str


_LAYOUTS = {
    32: _Layout("16sHHIIIIIHHHHHH", "IIIIIIII", "IIIIIIIIII"),
    64: _Layout("16sHHIQQQIHHHHHH", "IIQQQQQQ", "IIQQQQIIQQ"),
}


def read_object(file: IO[bytes], name: str) -> ObjectFile:
    """Read an ELF object from a seekable file that holds nothing else (ELF 1.2, System V ABI).

    Raises:
        HostileContent: if it is cut off, or contradicts itself; the subject is a plain clause.
    """
    size = file.seek(0, 2)
    file.seek(0)
    machine = read_machine(file.read(HEADER_SIZE))
    if machine is None:
        raise HostileContent(f"{name!a} is an object file whose header cannot be read")
    image = Image(file=file, name=name, size=size, order=machine.byte_order, bits=machine.bits)
    layout = _LAYOUTS[machine.bits]
    header = image.unpack(layout.header, 0)
    _, kind, _, _, _, segments_at, sections_at, flags = header[:8]
    segment_size, segment_count, section_size, section_count = header[9:13]
    if kind not in {RELOCATABLE, _EXECUTABLE, _SHARED}:
        raise HostileContent(f"{name!a} is an object file of the unknown type {kind}")
    sections = tuple(_sections(image, layout, sections_at, section_size, section_count))
    segments = tuple(_segments(image, layout, segments_at, segment_size, segment_count))
    if kind != RELOCATABLE and not any(segment.kind == _PT_LOAD for segment in segments):
        raise HostileContent(f"{name!a} has nothing that could be loaded")
    image = image.with_segments(segments)
    symbols = max((count for type_, count, _, _ in sections if type_ == _SHT_DYNSYM), default=0)
    tables = [segment for segment in segments if segment.kind == _PT_DYNAMIC]
    return ObjectFile(
        name=name,
        machine=machine,
        kind=kind,
        flags=flags,
        segments=segments,
        dynamic=read_dynamic(image, tables[0], listed=symbols) if tables else Dynamic(),
        arm=_arm_attributes(image, sections) if machine.number == _ARM else None,
        compilers=_compilers(image, sections),
    )


def _segments(
    image: Image, layout: _Layout, start: int, size: int, count: int
) -> Iterator[Segment]:
    if count > _MAX_SEGMENTS:
        raise HostileContent(f"{image.name!a} has {count} segments")
    expected = struct.calcsize(f"<{layout.segment}")
    if count and size != expected:
        raise HostileContent(f"{image.name!a} has segments of an odd size")
    for number in range(count):
        fields = image.unpack(layout.segment, start + number * expected)
        if image.bits == 64:  # noqa: PLR2004 - the word's size
            kind, flags, offset, address, _, file_size, memory_size, alignment = fields
        else:
            kind, offset, address, _, file_size, memory_size, flags, alignment = fields
        if kind == _PT_LOAD and offset + file_size > image.size:
            raise HostileContent(f"{image.name!a} is cut off: a part that is loaded is missing")
        yield Segment(
            kind=kind,
            flags=flags,
            offset=offset,
            address=address,
            file_size=file_size,
            memory_size=memory_size,
            alignment=alignment,
        )


def _sections(
    image: Image, layout: _Layout, start: int, size: int, count: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield type, number of entries (or flags for plain contents), offset and size of sections."""
    if not start or not count:
        return
    expected = struct.calcsize(f"<{layout.section}")
    if size != expected or count > _MAX_SECTIONS:
        raise HostileContent(f"{image.name!a} has sections of an odd size or number")
    table = image.read(start, count * expected)
    for fields in struct.iter_unpack(f"{image.order}{layout.section}", table):
        _, type_, flags, _, offset, length, _, _, _, entry = fields
        number = length // entry if entry and type_ == _SHT_DYNSYM else flags
        yield type_, number, offset, length


def _arm_attributes(
    image: Image, sections: tuple[tuple[int, int, int, int], ...]
) -> ArmAttributes | None:
    for type_, _, offset, length in sections:
        if type_ == _SHT_ARM_ATTRIBUTES and length <= MAX_ATTRIBUTES_BYTES:
            return parse_attributes(image.read(offset, length), byte_order=image.order)
    return None


def _compilers(image: Image, sections: tuple[tuple[int, int, int, int], ...]) -> bytes:
    """Return the section `.comment`: texts that are merged, and not loaded."""
    for type_, flags, offset, length in sections:
        if type_ == _SHT_PROGBITS and flags == _SHF_MERGE_STRINGS and length <= _MAX_COMMENT:
            return image.read(offset, length)
    return b""


def version_needs(objects: Mapping[str, ObjectFile]) -> dict[str, set[str]]:
    """Return the symbol versions that objects need, by the library that they expect them in."""
    needs: dict[str, set[str]] = {}
    for each in objects.values():
        for library, versions in each.dynamic.versions.items():
            needs.setdefault(library, set()).update(versions)
    return needs
