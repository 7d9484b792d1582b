"""Small object files for tests, with everything in them that certificates look at.

`elf_object()` returns a shared object that the loader would take; every argument is optional and
changes one thing.
"""

import struct
from collections.abc import Mapping, Sequence

X86_64 = 62
ARM = 40
AARCH64 = 183
ARM_HARD_FLOAT = 0x05000400
"""The processor's flags of EABI5 with floating-point arguments in registers."""

V6 = 6
V7 = 10
_ORDER = "<"
_LOAD, _DYNAMIC, _STACK = 1, 2, 0x6474E551
_ATTRIBUTES_SECTION = 0x70000003
_COMMENT_SECTION = 1
_PAGE = 0x10000


def elf_object(
    *,
    machine: int = X86_64,
    bits: int | None = None,
    kind: int = 3,
    flags: int | None = None,
    needed: Sequence[str] = ("libc.so.6",),
    soname: str | None = None,
    runpath: str | None = None,
    versions: Mapping[str, Sequence[str]] | None = None,
    imports: Sequence[str] = (),
    stack: int | None = 6,
    rights: int = 5,
    alignment: int = _PAGE,
    attributes: bytes | None = None,
    comment: bytes = b"",
) -> bytes:
    """Return a shared object of one segment; `rights` are its flags, `stack` those of the stack.

    `attributes` is the whole section `.ARM.attributes`, of its own for Arm if nothing is said;
    `stack` None leaves the word about stacks out.
    """
    bits = bits or (32 if machine == ARM else 64)
    if flags is None:
        flags = ARM_HARD_FLOAT if machine == ARM else 0
    if attributes is None and machine == ARM:
        attributes = arm_attributes()
    word = "Q" if bits == 64 else "I"
    strings = _Strings()
    header_size, segment_size = (64, 56) if bits == 64 else (52, 32)
    segment_count = 2 if stack is None else 3
    start = header_size + segment_count * segment_size
    body = bytearray()

    symbols = _symbol(bits, 0) + b"".join(_symbol(bits, strings.add(name)) for name in imports)
    symbols_at = start + len(body)
    body += symbols
    hashes_at = start + len(body)
    body += struct.pack(f"{_ORDER}IIII", 1, len(imports) + 1, 0, 0) + bytes(4 * len(imports))
    versions_at = start + len(body)
    needs = _version_needs(versions or {}, strings)
    body += needs
    entries = [(1, strings.add(library)) for library in needed]
    if soname is not None:
        entries.append((14, strings.add(soname)))
    if runpath is not None:
        entries.append((29, strings.add(runpath)))
    strings_at = start + len(body)
    body += strings.content
    entries += [(5, strings_at), (10, len(strings.content)), (6, symbols_at), (4, hashes_at)]
    if versions:
        entries += [(0x6FFFFFFE, versions_at), (0x6FFFFFFF, len(versions))]
    dynamic_at = start + len(body)
    dynamic = b"".join(struct.pack(f"{_ORDER}2{word}", *entry) for entry in [*entries, (0, 0)])
    body += dynamic
    sections = [(_ATTRIBUTES_SECTION, 0, start + len(body), len(attributes or b""))]
    body += attributes or b""
    sections.append((_COMMENT_SECTION, 0x30, start + len(body), len(comment)))
    body += comment
    sections_at = start + len(body)
    body += b"".join(_section(bits, *section) for section in [(0, 0, 0, 0), *sections])
    size = start + len(body)

    segments = _segment(bits, _LOAD, rights, (0, size), alignment=alignment)
    segments += _segment(bits, _DYNAMIC, 6, (dynamic_at, len(dynamic)), alignment=8)
    if stack is not None:
        segments += _segment(bits, _STACK, stack, (0, 0), alignment=16)
    header = struct.pack(
        f"{_ORDER}4sBBB9xHHI{word}{word}{word}IHHHHHH",
        *(b"\x7fELF", bits // 32, 1, 1, kind, machine, 1),
        *(0, header_size, sections_at, flags, header_size, segment_size, segment_count),
        *(64 if bits == 64 else 40, 3, 0),
    )
    return header + segments + bytes(body)


def arm_attributes(
    *, architecture: int = V7, floating_point: int = 0, thumb: int = 0, vfp_arguments: int = 1
) -> bytes:
    """Return a section `.ARM.attributes` as compilers write it."""
    tags = bytes([5]) + b"7-A\0" + bytes([6, architecture, 9, thumb, 10, floating_point])
    tags += bytes([28, vfp_arguments])
    file_scope = bytes([1]) + struct.pack("<I", 5 + len(tags)) + tags
    vendor = b"aeabi\0" + file_scope
    return b"A" + struct.pack("<I", 4 + len(vendor)) + vendor


def static_library(*members: bytes) -> bytes:
    """Return a static library of these members."""
    parts = [b"!<arch>\n"]
    for number, member in enumerate(members):
        header = f"{f'{number}.o/':<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(member):<10}`\n"
        parts += [header.encode(), member, b"\n" * (len(member) % 2)]
    return b"".join(parts)


class _Strings:
    """A table of names."""

    def __init__(self) -> None:
        self.content = bytearray(1)

    def add(self, text: str) -> int:
        place = len(self.content)
        self.content += text.encode() + b"\0"
        return place


def _symbol(bits: int, name: int) -> bytes:
    if bits == 64:
        return struct.pack(f"{_ORDER}IBBHQQ", name, 0x12, 0, 0, 0, 0)
    return struct.pack(f"{_ORDER}IIIBBH", name, 0, 0, 0x12, 0, 0)


def _version_needs(versions: Mapping[str, Sequence[str]], strings: _Strings) -> bytes:
    content = b""
    for number, (library, names) in enumerate(versions.items(), 1):
        size = 16 + 16 * len(names)
        following = 0 if number == len(versions) else size
        file = strings.add(library)
        content += struct.pack(f"{_ORDER}HHIII", 1, len(names), file, 16, following)
        for place, name in enumerate(names, 1):
            further = 0 if place == len(names) else 16
            content += struct.pack(f"{_ORDER}IHHII", 0, 0, place + 1, strings.add(name), further)
    return content


def _segment(bits: int, kind: int, flags: int, place: tuple[int, int], *, alignment: int) -> bytes:
    offset, size = place
    if bits == 64:
        fields = (kind, flags, offset, offset, offset, size, size, alignment)
        return struct.pack(f"{_ORDER}IIQQQQQQ", *fields)
    return struct.pack(
        f"{_ORDER}IIIIIIII", kind, offset, offset, offset, size, size, flags, alignment
    )


def _section(bits: int, kind: int, flags: int, offset: int, size: int) -> bytes:
    layout = "IIQQQQIIQQ" if bits == 64 else "IIIIIIIIII"
    return struct.pack(f"{_ORDER}{layout}", 0, kind, flags, 0, offset, size, 0, 0, 1, 0)
