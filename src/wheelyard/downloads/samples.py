"""Samples of lines that could not be read, for a person who looks for the reason; pure."""

import re
from urllib.parse import unquote

_LENGTH = 200
_LOOKED_AT = 2000
_ROUNDS = 3
_ESCAPE = re.compile(r"\\(?:x|u00)([0-9A-Fa-f]{2})")
_STILL_ESCAPED = re.compile(r"(?:%|\\x|\\u00)[0-9A-Fa-f]{2}")
_HEX = r"[0-9A-Fa-f]{1,4}"
# In this order: what is longer first, so that no part of it is left over.
_PRIVATE = (
    # What stands before the date of a server's line is the host and the user.
    (re.compile(r"^[^\[{]*(?=\[\d\d/[A-Z])"), "<host> "),
    (re.compile(r"[^\s\"'<>]*@[^\s\"'<>]*"), "<mail>"),
    (re.compile(r"\b(basic|bearer|digest|negotiate)\s+[^\s\"']+", re.IGNORECASE), r"\1 <token>"),
    (
        re.compile(
            r"((?:auth|cookie|credential|key|pass|pwd|secret|session|sid|token|user\b)"
            r"[\w-]*\"?\s*[:=]\s*)(?:\"[^\"]*\"?|[^\s\"'&;,}]+)",
            re.IGNORECASE,
        ),
        r"\1<token>",
    ),
    (re.compile(r"[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*(?:%\w+)?"), "<address>"),
    (re.compile(rf"(?:{_HEX}:){{6,}}(?:{_HEX}:?|[\d.]+)"), "<address>"),
    (re.compile(r"\d{1,3}(?:[._-]\d{1,3}){3,}"), "<address>"),
    (re.compile(r"(?=[A-Za-z_+=~-]*\d)(?=[\d_+=~-]*[A-Za-z])[\w+=~-]{16,}"), "<token>"),
    (re.compile(r"[\w+/=~-]{24,}"), "<token>"),
)


def clean_sample(line: bytes) -> str:
    """Return the beginning of a line, printable, without what may name somebody or be a secret.

    Addresses, mail addresses and all that looks like a token give way to words in angle brackets,
    rather too much than too little: a sample is there to show a format.
    """
    text = line[:_LOOKED_AT].decode("ascii", errors="replace")
    for _ in range(_ROUNDS):
        text = unquote(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
    text = _STILL_ESCAPED.sub("?", text)
    text = "".join(char if char.isascii() and char.isprintable() else "?" for char in text)
    if len(line) > _LOOKED_AT:
        # The last word may be the first part of an address.
        text = re.sub(r"\S*$", "", text)
    for pattern, word in _PRIVATE:
        text = pattern.sub(word, text)
    return text[:_LENGTH]
