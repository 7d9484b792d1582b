"""Index pages in the store: each as it is, and compressed for those who take it so."""

import gzip
import sys

from wheelyard.storage.store import Store

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENDINGS = {"zstd": ".zst", "gzip": ".gz"}
"""How keys of compressed pages end, by content coding; the preferred coding first."""

_WORTH_IT_BYTES = 600
"""Below this the headers of an answer weigh more than what is saved."""

_GZIP_LEVEL = 6


def put_page(store: Store, key: str, body: bytes) -> None:
    """Write a page, with its compressed forms where they are worth it."""
    # The compressed forms go first: whoever takes one of them never gets an older page than others.
    if len(body) < _WORTH_IT_BYTES:
        _delete_packed(store, key)
    else:
        store.put(f"{key}{ENDINGS['zstd']}", zstd.compress(body))
        store.put(f"{key}{ENDINGS['gzip']}", gzip.compress(body, _GZIP_LEVEL, mtime=0))
    store.put(key, body)


def delete_page(store: Store, key: str) -> None:
    """Take a page away in all its forms; nothing happens if there is none."""
    store.delete(key)
    _delete_packed(store, key)


def _delete_packed(store: Store, key: str) -> None:
    for ending in ENDINGS.values():
        store.delete(f"{key}{ending}")
