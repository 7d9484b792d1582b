"""Tokens of builders are checked on every request."""

import time
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from wheelyard.database import builders
from wheelyard.database import engine as database
from wheelyard.errors import Unauthorized
from wheelyard.model.builder import Builder
from wheelyard.web.state import AppState, KnownBuilder, app_state
from wheelyard.web.tokens import hash_token

_MAX_TOKEN = 200
_REMEMBERED_SECONDS = 2.0
_bearer = HTTPBearer(
    auto_error=False, scheme_name="builder token", description="The token of a builder."
)


async def current_builder(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Builder:
    """Return the builder whose token a request carries.

    Raises:
        Unauthorized: if there is no token, or it is unknown, expired or revoked.
    """
    if credentials is None or len(credentials.credentials) > _MAX_TOKEN:
        raise Unauthorized("no token", "Send the header Authorization: Bearer <token>")
    state = app_state(request)
    builder = await _builder_of(state, hash_token(credentials.credentials))
    if builder is None:
        raise Unauthorized("unknown token", "An administrator issues tokens")
    now = state.clock.now()
    if builder.revoked_at is not None and builder.revoked_at <= now:
        raise Unauthorized(builder.name, "The token was revoked")
    if builder.expires_at is not None and builder.expires_at <= now:
        raise Unauthorized(builder.name, "The token has expired")
    return builder


async def _builder_of(state: AppState, token_hash: str) -> Builder | None:
    """Look a builder up, at most every few seconds: it asks many times in a row.

    So long a token still works after it was revoked. Unknown tokens are not remembered.
    """
    now = time.monotonic()
    known = state.known_builders.get(token_hash)
    if known is not None and now - known.looked_up_at < _REMEMBERED_SECONDS:
        return known.builder
    builder = await run_in_threadpool(_look_up, state, token_hash)
    if builder is None:
        state.known_builders.pop(token_hash, None)
    else:
        state.known_builders[token_hash] = KnownBuilder(builder, now)
    return builder


def _look_up(state: AppState, token_hash: str) -> Builder | None:
    with database.reading(state.engine) as connection:
        return builders.builder_by_token_hash(connection, token_hash)


CurrentBuilder = Annotated[Builder, Depends(current_builder)]
