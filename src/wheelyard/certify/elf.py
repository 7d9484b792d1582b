"""Which machine an object file is for, from the first bytes of its ELF header."""

import struct
from dataclasses import dataclass

HEADER_SIZE = 20
"""How many bytes at the start of a file `read_machine` needs."""

_MAGIC = b"\x7fELF"
_CLASSES = {1: 32, 2: 64}
_ORDERS = {1: "<", 2: ">"}
_PLATFORMS_OF = {
    "x86_64": (62, 64, "<"),
    "i686": (3, 32, "<"),
    "aarch64": (183, 64, "<"),
    "armv6l": (40, 32, "<"),
    "armv7l": (40, 32, "<"),
    "riscv64": (243, 64, "<"),
    "ppc64le": (21, 64, "<"),
    "s390x": (22, 64, ">"),
    "loongarch64": (258, 64, "<"),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What an object file is for: ELF's number of the machine, its word size, its byte order."""

    number: int
    bits: int
    byte_order: str


def machine_of(architecture: str) -> Machine | None:
    """Return the machine that a target's architecture is, or None where it is not known here."""
    known = _PLATFORMS_OF.get(architecture)
    return None if known is None else Machine(*known)


def is_elf(start: bytes) -> bool:
    """Whether a file that starts with these bytes is an ELF object."""
    return start.startswith(_MAGIC)


def read_machine(start: bytes) -> Machine | None:
    """Return what an ELF object is for, or None if its header cannot be read (ELF 1.2, e_ident)."""
    if not is_elf(start) or len(start) < HEADER_SIZE:
        return None
    bits, order = _CLASSES.get(start[4]), _ORDERS.get(start[5])
    if bits is None or order is None:
        return None
    (number,) = struct.unpack_from(f"{order}H", start, 18)
    return Machine(number, bits, order)
