"""Files of requirements in any form that is known, told apart by their names and contents."""

import codecs
import re
from typing import Any

from wheelyard.checking.environment import MarkerEnvironment
from wheelyard.checking.locks import read_pdm_lock, read_poetry_lock, read_pylock
from wheelyard.checking.needs import Needs, fault
from wheelyard.checking.project_file import read_project
from wheelyard.checking.requirements_txt import Opener, read_requirements_txt
from wheelyard.checking.toml_text import read_toml
from wheelyard.checking.uv_lock import read_uv_lock

MAX_BYTES = 16 * 1024**2
"""How large a file may be; who reads those of strangers sets a lower limit."""

_TOML_ENDINGS = (".toml", ".lock")
_TOML_LINE = re.compile(
    r"\[{1,2}[^\]\n]+\]{1,2}\s*(?:#.*)?|[A-Za-z0-9_\"'.-]+\s*=[^=].*|[A-Za-z0-9_-]+\s*="
)
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_needs(
    data: bytes, *, filename: str, environment: MarkerEnvironment, open_other: Opener | None = None
) -> Needs:
    """Read a file of any known form; an empty `filename` leaves it all to the contents.

    `open_other` reads what a requirements file includes; without it that is passed over.

    Raises:
        InvalidRequirements: if it cannot be read, with the place and the reason.
    """
    text = decoded(data)
    if not _is_toml(text, filename):
        return read_requirements_txt(
            text, name=filename, environment=environment, open_other=open_other
        )
    return _read_toml_form(read_toml(text), text, environment)


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a byte order mark, as Windows writes it.

    Raises:
        InvalidRequirements: if it is too large or no text.
    """
    if len(data) > MAX_BYTES:
        raise fault("the file", f"It has more than {MAX_BYTES} bytes")
    coding = "utf-16" if data.startswith(_MARKS) else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault(f"line {line}", f"This is not {coding.removesuffix('-sig')} text") from None
    if "\0" in text:
        raise fault(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}", "This is not text")
    return text


def _is_toml(text: str, filename: str) -> bool:
    """Whether a file is TOML: by its name, or else by its first line that says something."""
    if filename.lower().endswith(_TOML_ENDINGS):
        return True
    if filename:
        return False
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return bool(_TOML_LINE.fullmatch(first))


def _read_toml_form(document: dict[str, Any], text: str, environment: MarkerEnvironment) -> Needs:
    if "lock-version" in document and "packages" in document:
        return read_pylock(document, text, environment)
    metadata = document.get("metadata")
    marks = set(metadata) if isinstance(metadata, dict) else set()
    if "lock_version" in marks:
        return read_pdm_lock(document, text, environment)
    if "lock-version" in marks:
        return read_poetry_lock(document, text, environment)
    if "version" in document:
        return read_uv_lock(document, text, environment)
    return read_project(document, text, environment)
