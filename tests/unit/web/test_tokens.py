"""Tokens."""

import hashlib

from wheelyard.web.tokens import hash_token, new_token


def test_tokens_are_long_never_the_same_and_easy_to_recognise() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("wy_") and len(token) == 46 for token in tokens)


def test_what_is_kept_of_a_token_is_its_digest() -> None:
    assert hash_token("wy_x") == hashlib.sha256(b"wy_x").hexdigest()
