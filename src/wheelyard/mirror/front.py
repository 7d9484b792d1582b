"""What a mirror copies besides projects: lists, pages about all of them, and public keys."""

import json
from collections.abc import Sequence

from wheelyard.errors import InvalidName, InvalidPage
from wheelyard.mirror.origin import Origin
from wheelyard.mirror.project import HTML, JSON, OVERLAY
from wheelyard.model.names import parse_sha256
from wheelyard.storage.packing import put_page
from wheelyard.storage.store import Store

_KEYS = "provenance/keys"
_MOST_KEYS = 1000
_TABLES = ("days", "months", "top", "installers", "requests", "hosts", "builds", "build-times")
_ONCE = {
    "index.html": "/",
    "stats/index.html": "/stats/",
    "stats/index.json": "/stats/index.json",
    **{f"stats/{name}.csv": f"/stats/{name}.csv" for name in _TABLES},
    "failures/index.html": "/failures/",
    "failures/index.json": "/failures/index.json",
}


def copy_front(origin: Origin, store: Store, *, indexes: Sequence[str]) -> None:
    """Copy what is made from all projects together, and the keys.

    Raises:
        InvalidPage: if the keys cannot be read.
        ServerUnavailable: if the server does not answer as it should.
    """
    _copy_keys(origin, store)
    for index in (index for index in indexes if not index.endswith(OVERLAY)):
        for name, accept in (("index.json", JSON), ("index.html", HTML)):
            page = origin.get(f"/{index}/", accept=accept)
            if page is not None:
                put_page(store, f"{index}/{name}", page)
    for key, path in _ONCE.items():
        _put(store, key, origin.get(path))


def _copy_keys(origin: Origin, store: Store) -> None:
    document = origin.get(f"/{_KEYS}.json")
    if document is None:
        return
    try:
        listed = json.loads(document)["keys"]
        names = [parse_sha256(key["keyid"]) for key in listed][:_MOST_KEYS]
    except (ValueError, KeyError, TypeError, RecursionError, InvalidName):
        raise InvalidPage(f"/{_KEYS}.json", "It is no document of keys") from None
    for name in names:
        key = f"{_KEYS}/{name}.pem"
        _put(store, key, origin.get(f"/{key}"))
    # A key that was published once stays: what it signed is still there.
    _put(store, f"{_KEYS}.json", document)


def _put(store: Store, key: str, body: bytes | None) -> None:
    if body is not None:
        store.put(key, body)
