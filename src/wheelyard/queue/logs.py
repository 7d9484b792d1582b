"""The logs of builds: pieces in the database while they grow, one compressed object after."""

import gzip
from dataclasses import dataclass

from wheelyard.database.builds import read_log
from wheelyard.database.engine import Engine, reading
from wheelyard.storage.store import Store


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log in the store: its key, and how many bytes of log (not of gzip) it holds."""

    key: str
    size: int


def keep_log(engine: Engine, store: Store, build_id: str, *, limit: int) -> KeptLog | None:
    """Write what there is of a build's log to the store; None if there is nothing.

    The pieces stay in the database: the caller drops them when the key is on record. A log that
    reached the limit of `limit` bytes gets a last line that says so.

    Raises:
        StoreFull: if there is no room.
    """
    with reading(engine) as connection:
        log = read_log(connection, build_id)
    if not log:
        return None
    kept = log
    if len(log) >= limit:
        kept += f"\n[The log is cut here: its limit is {limit} bytes.]\n".encode()
    key = f"logs/{build_id}.log.gz"
    # The time in the header is left out, so that the same log always gives the same bytes.
    store.put(key, gzip.compress(kept, mtime=0))
    return KeptLog(key, len(log))
