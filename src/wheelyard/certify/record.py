"""RECORD against the archive (recording installed projects, binary distribution format)."""

import base64
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
"""The hashes that RECORD may use: SHA-256 or better, never MD5 or SHA-1."""

_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_FIELDS = 3
_MAX_FIELD = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """What RECORD says of a file: a hash and its size in bytes."""

    algorithm: str
    digest: str
    size: int


def unlisted_files(dist_info: str) -> frozenset[str]:
    """Return the files that RECORD says nothing certain about: itself and signatures of it."""
    return frozenset({f"{dist_info}/RECORD", *(f"{dist_info}/{name}" for name in _SIGNATURES)})


def parse_record(content: bytes, *, dist_info: str) -> dict[str, RecordLine] | list[str]:
    """Return what RECORD says of each file but itself, or what is wrong with it."""
    try:
        rows = _rows(content.decode())
    except UnicodeDecodeError:
        return ["RECORD is not in UTF-8"]
    except csv.Error as error:
        return [f"RECORD cannot be read: {error}"]
    itself = f"{dist_info}/RECORD"
    unlisted = unlisted_files(dist_info)
    lines: dict[str, RecordLine] = {}
    seen: set[str] = set()
    problems: list[str] = []
    for path, stated_hash, stated_size in rows:
        if path in seen:
            problems.append(f"RECORD lists {_shown(path)} twice")
            continue
        seen.add(path)
        if path in unlisted:
            if path == itself and (stated_hash or stated_size):
                problems.append("RECORD has a hash or size of itself")
            continue
        line = _parse_line(stated_hash, stated_size)
        if line is None:
            problems.append(f"RECORD has no proper hash and size of {_shown(path)}")
        else:
            lines[path] = line
    if itself not in seen:
        problems.append("RECORD does not list itself")
    return problems or lines


def format_line(path: str, line: RecordLine | None) -> str:
    """Return a line of RECORD, as the csv module would quote it; None for RECORD itself."""
    quoted = '"' + path.replace('"', '""') + '"' if set(path) & set(',"') else path
    return f"{quoted},,\n" if line is None else f"{quoted},{_stated(line)},{line.size}\n"


def encode_digest(digest: bytes) -> str:
    """Return a digest as RECORD writes it: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _stated(line: RecordLine) -> str:
    return f"{line.algorithm}={line.digest}"


def _rows(text: str) -> Iterator[tuple[str, str, str]]:
    # Only line feeds end a line: splitlines() would also break names that hold U+2028 and others.
    # Lengths are checked here because the csv module's own limit belongs to the whole process.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if any(len(line) > _MAX_FIELD for line in lines):
        raise csv.Error("a line is too long")
    rows = [row for row in csv.reader(lines, strict=True) if row]
    if any(len(row) != _FIELDS for row in rows):
        raise csv.Error("a line does not have three fields")
    return ((path, stated_hash, size) for path, stated_hash, size in rows)


def _parse_line(stated_hash: str, stated_size: str) -> RecordLine | None:
    algorithm, _, digest = stated_hash.partition("=")
    if algorithm not in ALGORITHMS:
        return None
    if not (stated_size.isascii() and stated_size.isdigit()):
        return None
    if len(digest) != len(encode_digest(hashlib.new(algorithm).digest())):
        return None
    return RecordLine(algorithm=algorithm, digest=digest, size=int(stated_size))


def _shown(path: str) -> str:
    return ascii(path[:200])
