"""Builds that may be shown, and their logs while they grow and afterwards."""

import zlib

from wheelyard.database import builds
from wheelyard.database.engine import reading
from wheelyard.database.projects import project_overview
from wheelyard.errors import NotStored
from wheelyard.model.summary import BuildSummary
from wheelyard.publish.selection import gone_versions, is_withdrawn
from wheelyard.web.state import AppState

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def shown_build(state: AppState, build_id: str) -> BuildSummary | None:
    """Return a build; None if there is none, or if upstream withdrew what it was made from."""
    with reading(state.engine) as connection:
        found = builds.build_summary(connection, build_id)
        if found is None:
            return None
        project = project_overview(connection, found.project)
    if project is None or is_withdrawn(project) or found.version in gone_versions(project):
        return None
    return found


def whole_log(state: AppState, build: BuildSummary) -> bytes:
    """Return a build's log as far as there is one.

    Raises:
        NotStored: if the stored log is gone.
    """
    if build.log_key is None:
        with reading(state.engine) as connection:
            return builds.read_log(connection, build.id)
    return unpacked(state.store.get(build.log_key))


def log_piece(state: AppState, build: BuildSummary, *, offset: int, limit: int) -> bytes:
    """Return at most `limit` bytes of a log from a byte on; nothing where there is no more."""
    if build.log_key is None:
        with reading(state.engine) as connection:
            return builds.read_log(connection, build.id, start=offset)[:limit]
    try:
        return whole_log(state, build)[offset : offset + limit]
    except NotStored:
        return b""


def unpacked(packed: bytes) -> bytes:
    """Undo gzip; we packed it ourselves, and the log's limit bounds it."""
    return zlib.decompress(packed, wbits=_GZIP_WINDOW)
