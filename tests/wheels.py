"""Wheels for tests: good ones, and one for every way in which a wheel can be bad.

`make_wheel(folder)` writes a sound `spam-1.0-cp311-cp311-linux_x86_64.whl`; every argument is
optional, and `fault=Fault.…` breaks the result in exactly one way.
"""

import base64
import hashlib
import io
import stat
import struct
import zipfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from packaging.tags import parse_tag

from elves import AARCH64, ARM, X86_64, elf_object
from wheelyard.model.target import Target, target_from_name


class Fault(StrEnum):
    """The ways in which `make_wheel` breaks a wheel."""

    NOT_A_ZIP = "not-a-zip"
    CUT_OFF = "cut-off"
    BYTES_BEFORE = "bytes-before"
    BYTES_AFTER = "bytes-after"
    GAP = "gap"
    LOCAL_HEADER_DIFFERS = "local-header-differs"
    BROKEN_DATA = "broken-data"
    LARGER_THAN_DECLARED = "larger-than-declared"
    WRONG_COUNT = "wrong-count"
    BOMB = "bomb"
    ENCRYPTED = "encrypted"
    PACKED_ODDLY = "packed-oddly"
    DUPLICATE_ENTRY = "duplicate-entry"
    ABSOLUTE_PATH = "absolute-path"
    PARENT_PATH = "parent-path"
    BACKSLASH_PATH = "backslash-path"
    DRIVE_PATH = "drive-path"
    NUL_PATH = "nul-path"
    CONTROL_PATH = "control-path"
    LONG_PATH = "long-path"
    SYMLINK = "symlink"
    DEVICE = "device"
    SAME_AFTER_FOLDING = "same-after-folding"
    FILE_AND_FOLDER = "file-and-folder"
    NO_DIST_INFO = "no-dist-info"
    TWO_DIST_INFOS = "two-dist-infos"
    DIST_INFO_OF_OTHER_PROJECT = "dist-info-of-other-project"
    DIST_INFO_OF_OTHER_VERSION = "dist-info-of-other-version"
    DIST_INFO_IN_DATA = "dist-info-in-data"
    UNKNOWN_SCHEME = "unknown-scheme"
    NO_WHEEL_FILE = "no-wheel-file"
    NO_WHEEL_VERSION = "no-wheel-version"
    NEWER_WHEEL_VERSION = "newer-wheel-version"
    NO_PURELIB = "no-purelib"
    OTHER_TAGS = "other-tags"
    OTHER_BUILD = "other-build"
    NO_METADATA = "no-metadata"
    METADATA_OF_OTHER_PROJECT = "metadata-of-other-project"
    METADATA_OF_OTHER_VERSION = "metadata-of-other-version"
    METADATA_TWICE_NAMED = "metadata-twice-named"
    METADATA_GARBAGE = "metadata-garbage"
    BAD_REQUIRES_PYTHON = "bad-requires-python"
    NO_RECORD = "no-record"
    RECORD_NOT_UTF8 = "record-not-utf8"
    RECORD_TWO_FIELDS = "record-two-fields"
    RECORD_WITHOUT_FILE = "record-without-file"
    RECORD_OF_ABSENT_FILE = "record-of-absent-file"
    RECORD_TWICE = "record-twice"
    RECORD_WRONG_HASH = "record-wrong-hash"
    RECORD_WRONG_SIZE = "record-wrong-size"
    RECORD_NO_SIZE = "record-no-size"
    RECORD_MD5 = "record-md5"
    RECORD_NO_HASH = "record-no-hash"
    RECORD_HASHES_ITSELF = "record-hashes-itself"
    RECORD_LACKS_ITSELF = "record-lacks-itself"
    FOREIGN_OBJECT = "foreign-object"
    OBJECT_IN_PURE_WHEEL = "object-in-pure-wheel"


def make_target(name: str = "bookworm-cp311-x86_64") -> Target:
    """Return the target that `make_wheel` makes wheels for."""
    return target_from_name(name)


def record_hash(content: bytes, algorithm: str = "sha256") -> str:
    """Return a hash as RECORD writes it."""
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest())
    return f"{algorithm}={digest.rstrip(b'=').decode()}"


def make_wheel(
    folder: Path,
    *,
    name: str = "spam",
    version: str = "1.0",
    tags: Sequence[str] = ("cp311-cp311-linux_x86_64",),
    build: int | None = None,
    files: Mapping[str, bytes] | None = None,
    requires_python: str | None = None,
    metadata: bytes | None = None,
    fault: Fault | None = None,
) -> Path:
    """Write a wheel into `folder` and return its path; `fault` breaks it in one way.

    `tags` are joined into one compressed tag; `files` replaces the contents beside `.dist-info`;
    `metadata` replaces METADATA whole.
    """
    dist_info = f"{name}-{version}.dist-info"
    if fault is Fault.OBJECT_IN_PURE_WHEEL:
        tags = ("py3-none-any",)
    if files is None:
        files = {f"{name.lower()}/__init__.py": b"eggs = 1\n"}
        if not all(tag.endswith("-none-any") for tag in tags):
            files = {**files, f"{name.lower()}/_core.so": elf_object(machine=_machine_of(tags))}
    wheel = _wheel_file(tags, build)
    if metadata is None:
        metadata = _metadata(name, version, requires_python)
    contents = {**files, f"{dist_info}/METADATA": metadata, f"{dist_info}/WHEEL": wheel}
    contents = _break_contents(contents, dist_info, fault)
    record_path = next(
        (f"{path.partition('/')[0]}/RECORD" for path in contents if path.endswith("/WHEEL")),
        f"{dist_info}/RECORD",
    )
    if fault is not Fault.NO_RECORD:
        contents[record_path] = _break_record(_record(contents, record_path), fault)
    tag = "-".join(
        ".".join(dict.fromkeys(part)) for part in zip(*(t.split("-") for t in tags), strict=True)
    )
    middle = "" if build is None else f"{build}-"
    path = folder / f"{name}-{version}-{middle}{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_break_bytes(_archive(contents, fault), fault))
    return path


def _machine_of(tags: Sequence[str]) -> int:
    """Return ELF's number of the machine that tags are for, where tests care."""
    machines = {"armv6l": ARM, "armv7l": ARM, "aarch64": AARCH64}
    return next((each for name, each in machines.items() if tags[0].endswith(name)), X86_64)


def make_zip(path: Path, contents: Mapping[str, bytes]) -> Path:
    """Write any zip archive."""
    path.write_bytes(_archive(contents, None))
    return path


def _wheel_file(tags: Sequence[str], build: int | None) -> bytes:
    is_pure = all(tag.endswith("-none-any") for tag in tags)
    expanded = sorted({str(tag) for text in tags for tag in parse_tag(text)})
    lines = ["Wheel-Version: 1.0", "Generator: tests", f"Root-Is-Purelib: {str(is_pure).lower()}"]
    lines += [f"Tag: {tag}" for tag in expanded]
    if build is not None:
        lines.append(f"Build: {build}")
    return "\n".join([*lines, ""]).encode()


def _metadata(name: str, version: str, requires_python: str | None) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    return "\n".join([*lines, "Summary: For tests", "", "Spam, spam, spam.", ""]).encode()


def _record(contents: Mapping[str, bytes], record_path: str) -> bytes:
    lines = [
        f"{_quoted(path)},{record_hash(content)},{len(content)}"
        for path, content in contents.items()
        if not path.endswith(("/", "/RECORD.jws"))
    ]
    return "\n".join([*lines, f"{record_path},,", ""]).encode()


def _quoted(path: str) -> str:
    return '"' + path.replace('"', '""') + '"' if set(path) & set(',"') else path


_ADDED_FILES = {
    Fault.ABSOLUTE_PATH: {"/tmp/eggs": b"x"},
    Fault.PARENT_PATH: {"spam/../../eggs": b"x"},
    Fault.BACKSLASH_PATH: {"..\\eggs": b"x"},
    Fault.DRIVE_PATH: {"C:/eggs": b"x"},
    Fault.NUL_PATH: {"spam/eggs\0.py": b"x"},
    Fault.CONTROL_PATH: {"spam/eggs\x1b[2J.py": b"x"},
    Fault.LONG_PATH: {"spam/" + "e" * 256: b"x"},
    Fault.SYMLINK: {"spam/link": b"/etc/passwd"},
    Fault.DEVICE: {"spam/device": b""},
    Fault.SAME_AFTER_FOLDING: {"spam/README": b"a", "spam/readme": b"b"},
    Fault.FILE_AND_FOLDER: {"spam/eggs": b"a", "spam/eggs/ham": b"b"},
    Fault.TWO_DIST_INFOS: {"ham-1.0.dist-info/METADATA": b"x"},
    Fault.DIST_INFO_IN_DATA: {"spam-1.0.data/purelib/ham-1.0.dist-info/METADATA": b"x"},
    Fault.UNKNOWN_SCHEME: {"spam-1.0.data/etc/passwd": b"x"},
    Fault.BOMB: {"spam/bomb": bytes(80 * 1024**2)},
    Fault.FOREIGN_OBJECT: {"spam/_other.so": elf_object(machine=AARCH64)},
    Fault.OBJECT_IN_PURE_WHEEL: {"spam/_core.so": elf_object()},
}

_METADATA_OF_FAULT = {
    Fault.METADATA_OF_OTHER_PROJECT: b"Metadata-Version: 2.1\nName: ham\nVersion: 1.0\n",
    Fault.METADATA_OF_OTHER_VERSION: b"Metadata-Version: 2.1\nName: spam\nVersion: 1.1\n",
    Fault.METADATA_TWICE_NAMED: b"Metadata-Version: 2.1\nName: spam\nName: ham\nVersion: 1.0\n",
    Fault.METADATA_GARBAGE: bytes(range(256)) * 4,
    Fault.BAD_REQUIRES_PYTHON: (
        b"Metadata-Version: 2.1\nName: spam\nVersion: 1.0\nRequires-Python: three\n"
    ),
}

_WHEEL_CHANGES = {
    Fault.NO_WHEEL_VERSION: (b"Wheel-Version: 1.0\n", b""),
    Fault.NEWER_WHEEL_VERSION: (b"Wheel-Version: 1.0", b"Wheel-Version: 2.0"),
    Fault.NO_PURELIB: (b"Root-Is-Purelib: false\n", b""),
    Fault.OTHER_TAGS: (b"cp311-cp311", b"cp310-cp310"),
    Fault.OTHER_BUILD: (b"Generator: tests", b"Build: 7"),
}

_RENAMED_DIST_INFO = {
    Fault.NO_DIST_INFO: "spam-1.0.info",
    Fault.DIST_INFO_OF_OTHER_PROJECT: "ham-1.0.dist-info",
    Fault.DIST_INFO_OF_OTHER_VERSION: "spam-1.1.dist-info",
}


def _break_contents(
    contents: dict[str, bytes], dist_info: str, fault: Fault | None
) -> dict[str, bytes]:
    if fault is None:
        return contents
    contents = {**_ADDED_FILES.get(fault, {}), **contents}
    metadata, wheel = f"{dist_info}/METADATA", f"{dist_info}/WHEEL"
    if fault in _METADATA_OF_FAULT:
        contents[metadata] = _METADATA_OF_FAULT[fault]
    if fault in _WHEEL_CHANGES:
        contents[wheel] = contents[wheel].replace(*_WHEEL_CHANGES[fault])
    if fault is Fault.NO_METADATA:
        del contents[metadata]
    if fault is Fault.NO_WHEEL_FILE:
        del contents[wheel]
    if fault in _RENAMED_DIST_INFO:
        contents = {
            path.replace(dist_info, _RENAMED_DIST_INFO[fault]): content
            for path, content in contents.items()
        }
    return contents


def _break_record(record: bytes, fault: Fault | None) -> bytes:
    if fault is None:
        return record
    first, _, rest = record.partition(b"\n")
    path, stated_hash, size = first.split(b",")
    itself = record.splitlines()[-1]
    hashed_itself = itself[:-2] + b"," + stated_hash + b",3"
    broken = {
        Fault.RECORD_NOT_UTF8: record + b"\xff,,\n",
        Fault.RECORD_TWO_FIELDS: record + b"eggs,\n",
        Fault.RECORD_WITHOUT_FILE: rest,
        Fault.RECORD_OF_ABSENT_FILE: record + f"absent.py,{record_hash(b'')},0\n".encode(),
        Fault.RECORD_TWICE: first + b"\n" + record,
        Fault.RECORD_WRONG_HASH: b"%s,%s,%s\n" % (path, record_hash(b"ham").encode(), size) + rest,
        Fault.RECORD_WRONG_SIZE: b"%s,%s,%s0\n" % (path, stated_hash, size) + rest,
        Fault.RECORD_NO_SIZE: b"%s,%s,\n" % (path, stated_hash) + rest,
        Fault.RECORD_MD5: b"%s,%s,%s\n" % (path, record_hash(b"", "md5").encode(), size) + rest,
        Fault.RECORD_NO_HASH: b"%s,,\n" % path + rest,
        Fault.RECORD_HASHES_ITSELF: record.replace(itself, hashed_itself),
        Fault.RECORD_LACKS_ITSELF: record.replace(itself + b"\n", b""),
    }
    return broken.get(fault, record)


def _archive(contents: Mapping[str, bytes], fault: Fault | None) -> bytes:
    """Return a zip archive; names go in as they are, even those that zipfile would clean."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_BZIP2 if fault is Fault.PACKED_ODDLY else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo("placeholder", (2026, 1, 2, 3, 4, 6))
            entry.filename = path
            entry.compress_type = method
            kind = {"link": stat.S_IFLNK, "device": stat.S_IFCHR}.get(path.rpartition("/")[2])
            entry.external_attr = ((kind or stat.S_IFREG) | 0o644) << 16
            if path.endswith("/"):
                entry.external_attr = (stat.S_IFDIR | 0o755) << 16
            archive.writestr(entry, content)
        if fault is Fault.DUPLICATE_ENTRY:
            archive.writestr("Z" * len(next(iter(contents))), b"another")
    if fault is Fault.DUPLICATE_ENTRY:
        # Renamed in the finished bytes, for zipfile warns of a duplicate.
        first = next(iter(contents)).encode()
        return buffer.getvalue().replace(b"Z" * len(first), first)
    return buffer.getvalue()


def _break_bytes(data: bytes, fault: Fault | None) -> bytes:
    """Break the archive itself, below what zipfile would write."""
    directory = data.find(b"PK\1\2")
    second = data.find(b"PK\3\4", 4)
    one = struct.pack("<L", 1)
    flag = b"\1\0"
    broken = {
        Fault.NOT_A_ZIP: b"spam" * 100,
        Fault.CUT_OFF: data[: len(data) // 2],
        Fault.BYTES_BEFORE: _shifted(data, at=0, filler=b"#!/bin/sh\n"),
        Fault.BYTES_AFTER: data + b"eggs",
        Fault.GAP: _shifted(data, at=second, filler=b"eggs" * 8),
        Fault.LOCAL_HEADER_DIFFERS: _patched(data, {30: b"X"}),
        Fault.BROKEN_DATA: _patched(data, {second - 3: b"\xff\xff\xff"}),
        Fault.LARGER_THAN_DECLARED: _patched(data, {22: one, directory + 24: one}),
        Fault.WRONG_COUNT: _patched(data, {len(data) - 14: b"\1\0\1\0"}),
        Fault.ENCRYPTED: _patched(data, {6: flag, directory + 8: flag}),
    }
    return data if fault is None else broken.get(fault, data)


def _patched(data: bytes, patches: Mapping[int, bytes]) -> bytes:
    patched = bytearray(data)
    for position, patch in patches.items():
        patched[position : position + len(patch)] = patch
    return bytes(patched)


def _shifted(data: bytes, *, at: int, filler: bytes) -> bytes:
    """Insert bytes and correct every offset, so that only the layout is odd."""
    moved = bytearray(data[:at] + filler + data[at:])
    start = struct.unpack_from("<L", data, len(data) - 6)[0] + len(filler)
    struct.pack_into("<L", moved, len(moved) - 6, start)
    position = start
    while moved[position : position + 4] == b"PK\1\2":
        (offset,) = struct.unpack_from("<L", moved, position + 42)
        if offset >= at:
            struct.pack_into("<L", moved, position + 42, offset + len(filler))
        lengths = struct.unpack_from("<3H", moved, position + 28)
        position += 46 + sum(lengths)
    return bytes(moved)
