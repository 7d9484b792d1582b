"""What Arm objects say of the processors that they are for (ABI for the Arm Architecture, addenda).

The section `.ARM.attributes` is read here and not by a library, because the server reads it from
wheels that nobody vouches for: every length is checked, and nothing is read twice.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ATTRIBUTES_BYTES = 64 * 1024
"""A section larger than this is not read: real ones have about 60 bytes."""

_FORMAT_VERSION = ord("A")
_VENDOR = b"aeabi"
_FILE_SCOPE = 1
_HEADER = 5
_CPU_ARCHITECTURE = 6
_THUMB = 9
_FLOATING_POINT = 10
_VFP_ARGUMENTS = 28
_COMPATIBILITY = 32
_TEXTS = frozenset({4, 5, 65, 67})
_FIRST_BY_PARITY = 32
_MOST_SHIFT = 63

ARCHITECTURES = (
    *("before v4", "v4", "v4T", "v5T", "v5TE", "v5TEJ", "v6", "v6KZ", "v6T2", "v6K", "v7"),
    *("v6-M", "v6S-M", "v7E-M", "v8-A", "v8-R", "v8-M baseline", "v8-M mainline"),
)
"""The values of `Tag_CPU_arch`, by number."""

_OF_V6 = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 9})
"""What an ARM1176 runs: v6KZ and all before it, without the Thumb-2 of v6T2."""

_OF_V7 = _OF_V6 | {8, 10}
_NEWER = frozenset({14, 22})
"""Later application processors, whose code a library such as numpy chooses at run time."""

_NEWEST_VFP_OF_V6 = 2
_THUMB_2 = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAttributes:
    """Attributes of a whole object, by number; None where it says nothing (the default is 0).

    `architecture` is `Tag_CPU_arch`, `thumb` `Tag_THUMB_ISA_use`, `floating_point` `Tag_FP_arch`,
    `vfp_arguments` `Tag_ABI_VFP_args` (1: floating-point arguments in registers, hard-float).
    """

    architecture: int | None = None
    thumb: int | None = None
    floating_point: int | None = None
    vfp_arguments: int | None = None

    @property
    def is_chosen_at_run_time(self) -> bool:
        """Whether some code is for processors after v7, so that an import has to prove it."""
        return self.architecture in _NEWER

    @property
    def architecture_name(self) -> str:
        """The architecture as people write it."""
        if self.architecture is None:
            return "nothing"
        if self.architecture < len(ARCHITECTURES):
            return ARCHITECTURES[self.architecture]
        return f"number {self.architecture}"


def arm_problems(attributes: ArmAttributes, *, architecture: str) -> Iterator[str]:
    """Yield why code with these attributes does not run on `armv6l` or `armv7l` machines.

    An attribute is the highest of all that was linked together. For armv7l later processors are
    let pass, because real libraries hold code for them that they run there only; for armv6l no
    such excuse is taken.
    """
    allowed = _OF_V6 if architecture == "armv6l" else _OF_V7 | _NEWER
    if attributes.architecture is None:
        yield "does not say which Arm architecture it is for (Tag_CPU_arch)"
    elif attributes.architecture not in allowed:
        name = attributes.architecture_name
        yield f"holds Arm {name} code (Tag_CPU_arch), which {architecture} machines need not run"
    if architecture != "armv6l":
        return
    if (attributes.floating_point or 0) > _NEWEST_VFP_OF_V6:
        yield "uses floating point newer than VFPv2 (Tag_FP_arch), which armv6l machines lack"
    if attributes.thumb == _THUMB_2:
        yield "uses Thumb-2 (Tag_THUMB_ISA_use), which armv6l machines lack"


def parse_attributes(section: bytes, *, byte_order: str) -> ArmAttributes | None:
    """Return what a section `.ARM.attributes` says, None if it is broken.

    Of an attribute that is there several times the highest value counts.
    """
    if not section or section[0] != _FORMAT_VERSION or len(section) > MAX_ATTRIBUTES_BYTES:
        return None
    found: dict[int, int] = {}
    try:
        for attributes in _file_attributes(section, byte_order):
            for tag, value in _numbers(attributes):
                found[tag] = max(value, found.get(tag, 0))
    except (IndexError, ValueError, struct.error):
        return None
    return ArmAttributes(
        architecture=found.get(_CPU_ARCHITECTURE),
        thumb=found.get(_THUMB),
        floating_point=found.get(_FLOATING_POINT),
        vfp_arguments=found.get(_VFP_ARGUMENTS),
    )


def _file_attributes(section: bytes, byte_order: str) -> Iterator[bytes]:
    position = 1
    while position < len(section):
        (length,) = struct.unpack_from(f"{byte_order}I", section, position)
        end = position + length
        vendor_end = section.index(b"\0", position + 4) + 1
        if not vendor_end <= end <= len(section):
            raise ValueError(length)
        if section[position + 4 : vendor_end - 1] == _VENDOR:
            yield from _scopes(section[vendor_end:end], byte_order)
        position = end


def _scopes(subsection: bytes, byte_order: str) -> Iterator[bytes]:
    position = 0
    while position < len(subsection):
        (length,) = struct.unpack_from(f"{byte_order}I", subsection, position + 1)
        if length < _HEADER or position + length > len(subsection):
            raise ValueError(length)
        if subsection[position] == _FILE_SCOPE:
            yield subsection[position + _HEADER : position + length]
        position += length


def _numbers(attributes: bytes) -> Iterator[tuple[int, int]]:
    """Yield the attributes that are numbers; those that are texts are passed over."""
    position = 0
    while position < len(attributes):
        tag, position = _uleb128(attributes, position)
        is_text = tag in _TEXTS or (tag > _FIRST_BY_PARITY and tag % 2 == 1)
        if not is_text:
            value, position = _uleb128(attributes, position)
            yield tag, value
        if is_text or tag == _COMPATIBILITY:
            position = attributes.index(b"\0", position) + 1


def _uleb128(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, position
        if shift > _MOST_SHIFT:
            raise ValueError(value)
