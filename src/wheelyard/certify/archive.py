"""Zip archives, read so strictly that no two readers can see different files in them.

Installers disagree on odd archives: some trust the central directory, others read the local
headers as a stream. So everything that leaves room for two readings is refused: gaps, overlaps,
bytes before or after, local headers that contradict the directory, and sizes that are not true.
Nothing is written to disk, and memory stays within the directory and one chunk.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from wheelyard.errors import HostileContent

STORED = 0
DEFLATED = 8

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_DESCRIPTOR_FLAG = 0x8
_UTF8_FLAG = 0x800
_DESCRIPTOR_SIZES = frozenset({12, 16, 20, 24})
_UNICODE_PATH_EXTRA = 0x7075
_ZIP64_EXTRA = 0x0001
_ZIP64_MARK = 0xFFFFFFFF
_MAX_DIRECTORY_BYTES = 64 * 1024**2
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of an archive; sizes in bytes, `mode` the Unix mode bits or 0."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    date_time: tuple[int, int, int, int, int, int]
    crc: int
    compressed_size: int
    size: int
    mode: int
    header_offset: int

    @property
    def is_folder(self) -> bool:
        """Whether the entry stands for a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An open zip archive whose layout has been checked; the file stays its caller's."""

    file: BinaryIO
    members: tuple[Member, ...]
    data_offsets: tuple[int, ...]

    def chunks(self, index: int) -> Iterator[bytes]:
        """Yield the contents of the member at `index` of `members`, a chunk at a time.

        Raises:
            HostileContent: if the contents do not have the size or checksum that was declared.
        """
        member = self.members[index]
        size = crc = 0
        for chunk in self._unpacked(member, self.data_offsets[index]):
            size += len(chunk)
            if size > member.size:
                raise HostileContent(f"{member.name!r} is larger than it says")
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if size != member.size or crc != member.crc:
            raise HostileContent(f"{member.name!r} does not have the size and checksum it says")

    def read(self, index: int, *, limit: int) -> bytes:
        """Return the whole contents of a member that may have at most `limit` bytes.

        Raises:
            HostileContent: if it is larger, or broken.
        """
        member = self.members[index]
        if member.size > limit:
            raise HostileContent(f"{member.name!r} has more than {limit} bytes")
        return b"".join(self.chunks(index))

    def _unpacked(self, member: Member, offset: int) -> Iterator[bytes]:
        raw = self._raw(member, offset)
        if member.method == STORED:
            yield from raw
            return
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in raw:
                pending = packed
                while pending and not inflate.eof:
                    yield inflate.decompress(pending, _CHUNK)
                    pending = inflate.unconsumed_tail
                if inflate.unused_data or (inflate.eof and pending):
                    raise HostileContent(f"{member.name!r} has bytes after its end")
            while not inflate.eof and (rest := inflate.decompress(b"", _CHUNK)):
                yield rest
        except zlib.error:
            raise HostileContent(f"{member.name!r} cannot be unpacked") from None
        if not inflate.eof:
            raise HostileContent(f"{member.name!r} ends too early")

    def _raw(self, member: Member, offset: int) -> Iterator[bytes]:
        left = member.compressed_size
        while left:
            # Seek each time, for the caller may read two members in turns.
            self.file.seek(offset)
            chunk = self.file.read(min(left, _CHUNK))
            if not chunk:
                raise HostileContent(f"{member.name!r} ends too early")
            offset += len(chunk)
            left -= len(chunk)
            yield chunk


def open_archive(file: BinaryIO, *, max_members: int) -> Archive:
    """Read and check the layout of the zip archive in a seekable file.

    Raises:
        HostileContent: if it is broken, encrypted, has more than `max_members` entries, or could
            be read in two ways. The subject is a plain clause that says what is wrong.
    """
    length = file.seek(0, 2)
    start, end, count = _directory_bounds(file, length)
    if count > max_members:
        raise HostileContent(f"the archive has {count} entries, more than {max_members}")
    if end - start > _MAX_DIRECTORY_BYTES:
        raise HostileContent("the archive's directory is too large")
    file.seek(start)
    members = tuple(_entries(file.read(end - start), max_members=max_members))
    if len(members) != count:
        raise HostileContent("the archive does not have the number of entries that it says")
    return Archive(file=file, members=members, data_offsets=_check_layout(file, members, start))


def _directory_bounds(file: BinaryIO, length: int) -> tuple[int, int, int]:
    """Return where the central directory starts and ends, and its number of entries."""
    position = length - _END.size
    fields = _unpack(file, _END, position, b"PK\5\6", "it is not a zip archive, or was cut off")
    disk, start_disk, here, count, size, start, comment = fields
    if disk or start_disk or here != count or comment:
        raise HostileContent("the archive has several parts or a comment")
    end = position
    locator_at = position - _END64_LOCATOR.size
    if locator_at >= 0 and _peek(file, locator_at, 4) == b"PK\6\7":
        _, end64_at, _ = _unpack(file, _END64_LOCATOR, locator_at, b"PK\6\7", "")
        if end64_at != locator_at - _END64.size:
            raise HostileContent("the archive's end record is not where it says")
        fields = _unpack(file, _END64, end64_at, b"PK\6\6", "the archive's end record is broken")
        here, count, size, start = fields[5:]
        end = end64_at
    if start + size != end or here != count:
        raise HostileContent("the archive's directory is not where it says")
    return start, end, count


def _entries(directory: bytes, *, max_members: int) -> Iterator[Member]:
    position = found = 0
    while position < len(directory):
        found += 1
        if found > max_members:
            raise HostileContent(f"the archive has more than {max_members} entries")
        if position + _ENTRY.size > len(directory):
            raise HostileContent("the archive's directory is cut off")
        fields = _ENTRY.unpack_from(directory, position)
        name_at = position + _ENTRY.size
        extra_at = name_at + fields[10]
        position = extra_at + fields[11] + fields[12]
        if fields[0] != b"PK\1\2" or position > len(directory):
            raise HostileContent("the archive's directory is broken")
        yield _member(fields, directory[name_at:extra_at], directory[extra_at:position])


def _member(fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> Member:
    _, _, _, flags, method, time, date, crc, packed, size, _, _, _, disk, _, attributes, offset = (
        fields
    )
    name = _decoded(raw_name, flags)
    if flags & _ENCRYPTED_FLAGS:
        raise HostileContent(f"{name!r} is encrypted")
    if method not in {STORED, DEFLATED}:
        raise HostileContent(f"{name!r} is packed in a way that wheels may not be")
    if _ZIP64_MARK in {packed, size, offset} or disk:
        raise HostileContent(f"{name!r} is larger than 4 GiB")
    if method == STORED and packed != size:
        raise HostileContent(f"{name!r} has two different sizes")
    if _extra_field(extra, _UNICODE_PATH_EXTRA) is not None:
        raise HostileContent(f"{name!r} has a second name")
    return Member(
        name=name,
        raw_name=raw_name,
        flags=flags,
        method=method,
        date_time=(
            (date >> 9) + 1980,
            date >> 5 & 0xF,
            date & 0x1F,
            time >> 11,
            time >> 5 & 0x3F,
            (time & 0x1F) * 2,
        ),
        crc=crc,
        compressed_size=packed,
        size=size,
        mode=attributes >> 16,
        header_offset=offset,
    )


def _decoded(raw_name: bytes, flags: int) -> str:
    try:
        return raw_name.decode("utf-8" if flags & _UTF8_FLAG else "ascii")
    except UnicodeDecodeError:
        shown = raw_name[:100]
        raise HostileContent(f"the name {shown!r} is not UTF-8, or not marked as such") from None


def _check_layout(
    file: BinaryIO, members: tuple[Member, ...], directory_at: int
) -> tuple[int, ...]:
    """Return where each member's data starts, having checked that they lie side by side."""
    in_order = sorted(range(len(members)), key=lambda index: members[index].header_offset)
    data_offsets = [0] * len(members)
    position = 0
    for index, following in zip(in_order, [*in_order[1:], None], strict=True):
        member = members[index]
        if member.header_offset != position:
            raise HostileContent("entries of the archive overlap or leave gaps")
        data_offsets[index] = _check_local_header(file, member)
        data_end = data_offsets[index] + member.compressed_size
        position = directory_at if following is None else members[following].header_offset
        gap = position - data_end
        if gap and not (member.flags & _DESCRIPTOR_FLAG and gap in _DESCRIPTOR_SIZES):
            raise HostileContent("entries of the archive overlap or leave gaps")
    if position != directory_at:
        raise HostileContent("there are bytes before the archive")
    return tuple(data_offsets)


def _check_local_header(file: BinaryIO, member: Member) -> int:
    """Return where the data starts, having checked that the local header says the same."""
    complaint = f"two headers of {member.name!r} contradict each other"
    _, flags, method, _, _, crc, packed, size, name_length, extra_length = _unpack(
        file, _LOCAL, member.header_offset, b"PK\3\4", complaint
    )
    name = file.read(name_length)
    extra = file.read(extra_length)
    if _ZIP64_MARK in {packed, size}:
        sizes = _extra_field(extra, _ZIP64_EXTRA) or b""
        if len(sizes) != struct.calcsize("<2Q"):
            raise HostileContent(complaint)
        size, packed = struct.unpack("<2Q", sizes)
    told = (flags, method, name, crc, packed, size)
    known = (member.flags, member.method, member.raw_name)
    sums = (member.crc, member.compressed_size, member.size)
    may_tell_later = member.flags & _DESCRIPTOR_FLAG and told == (*known, 0, 0, 0)
    if told != (*known, *sums) and not may_tell_later:
        raise HostileContent(complaint)
    if _extra_field(extra, _UNICODE_PATH_EXTRA) is not None:
        raise HostileContent(f"{member.name!r} has a second name")
    return member.header_offset + _LOCAL.size + name_length + extra_length


def _extra_field(extra: bytes, wanted: int) -> bytes | None:
    position = 0
    while position + 4 <= len(extra):
        identifier, length = struct.unpack_from("<2H", extra, position)
        if identifier == wanted:
            return extra[position + 4 : position + 4 + length]
        position += 4 + length
    return None


def _peek(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _unpack(
    file: BinaryIO, record: struct.Struct, position: int, signature: bytes, complaint: str
) -> tuple[int, ...]:
    """Return a record's fields after its signature."""
    data = _peek(file, position, record.size) if position >= 0 else b""
    if len(data) != record.size or not data.startswith(signature):
        raise HostileContent(complaint)
    return record.unpack(data)[1:]
