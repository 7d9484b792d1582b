"""Signing where wheels come from: a static object beside each wheel, and the public keys."""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wheelyard.database.engine import Engine, reading
from wheelyard.database.provenance import origin_of, served_origins
from wheelyard.errors import NotStored
from wheelyard.model.wheel import Origin, Wheel, WheelState, package_path, provenance_path
from wheelyard.provenance.keys import (
    KEY_FOLDER,
    KEYS_DOCUMENT,
    keys_document,
    public_pem,
    read_public_keys,
)
from wheelyard.provenance.signing_key import SigningKey, rotate, signing_key
from wheelyard.provenance.statement import statement
from wheelyard.settings import Settings
from wheelyard.storage.store import Store

_AT_ONCE = 500
_REMEMBERED = 100_000
_SERVED = frozenset({WheelState.PUBLISHED, WheelState.SUPERSEDED})


class Notary:
    """Says of wheels where they come from.

    What was said once is never said anew: the bytes under a URL stay as they are, and the key that
    signed them stays published. Where two builds made the same bytes under the same name, it is
    about one of them.
    """

    def __init__(self, engine: Engine, *, store: Store, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._server_url = settings.server_url
        self._file = settings.signing_key_file
        self._key: SigningKey | None = None
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def attest(self, wheels: Iterable[Wheel]) -> None:
        """See to it that all wheels of these that are served have their statements beside them.

        Raises:
            InvalidSetting: if the key cannot be used.
        """
        for wheel in wheels:
            # Those that were withheld and are served again are brought back before this.
            if wheel.state in _SERVED and not self._is_said(wheel.path, wheel.build_id):
                with reading(self._engine) as connection:
                    origin = origin_of(connection, wheel)
                self._say(origin, wheel.path)

    def attest_all(self) -> int:
        """See to it for all wheels that are served; return how many statements were missing."""
        added, last = 0, 0
        while True:
            with reading(self._engine) as connection:
                found = served_origins(connection, after=last, limit=_AT_ONCE)
            if not found:
                return added
            for last, origin in found:  # noqa: B007 - it says where to go on
                path = package_path(origin.sha256, origin.filename)
                if not self._is_said(path, origin.build_id):
                    self._say(origin, path)
                    added += 1

    def rotate(self) -> str:
        """Sign with a new key from now on; return its id. The old public keys stay published."""
        self.publish_key()
        self._key = rotate(self._file)
        self.publish_key()
        return self._key.id

    def publish_key(self) -> str:
        """Put the public key that signs now beside those before it; return its id."""
        key = self._signing_key()
        public = key.private.public_key()
        file = f"{KEY_FOLDER}/{key.id}.pem"
        if not _is_there(self._store, file):
            self._store.put(file, public_pem(public))
        found: dict[str, Ed25519PublicKey] = {}
        for name in self._store.keys(KEY_FOLDER):
            with suppress(NotStored):
                found |= read_public_keys(self._store.get(name))
        document = keys_document(found.values(), current=key.id)
        if _stored(self._store, KEYS_DOCUMENT) != document:
            self._store.put(KEYS_DOCUMENT, document)
        return key.id

    def _signing_key(self) -> SigningKey:
        if self._key is None:
            self._key = signing_key(self._file)
        return self._key

    def _say(self, origin: Origin, path: str) -> None:
        """Sign and store one statement; the key is read anew, for somebody may have changed it."""
        key = signing_key(self._file)
        if self._key is None or key.id != self._key.id:
            # It is published before anything is signed with it.
            self._key = key
            self.publish_key()
        told = statement(origin, server_url=self._server_url)
        self._store.put(provenance_path(path), key.sign(told))
        self._remember(path, origin.build_id)

    def _is_said(self, path: str, build_id: str) -> bool:
        known = (path, build_id) in self._known
        if not known and _is_there(self._store, provenance_path(path)):
            self._remember(path, build_id)
            return True
        return known

    def _remember(self, path: str, build_id: str) -> None:
        self._known[path, build_id] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _is_there(store: Store, key: str) -> bool:
    try:
        store.info(key)
    except NotStored:
        return False
    return True


def _stored(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key)
    except NotStored:
        return None
