"""Tokens of builders: made, and kept as hashes only. This part needs no web framework."""

import hashlib
import secrets

_PREFIX = "wy_"
_TOKEN_BYTES = 32


def new_token() -> str:
    """Return a new secret token: `wy_` and 32 random bytes in URL-safe letters."""
    return _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256 in hexadecimal.

    A token has 256 random bits, so it needs neither salt nor a slow hash; and looking it up by its
    hash tells an attacker who measures time nothing about the token.
    """
    return hashlib.sha256(token.encode()).hexdigest()
