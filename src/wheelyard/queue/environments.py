"""What builders tell of the environments that they build in, kept by digest.

Each builder's own word is kept apart: what one says of an environment must not be held against the
wheels of another.
"""

from wheelyard.errors import NotStored, UploadRefused
from wheelyard.model.builder import Builder
from wheelyard.model.environment import manifest_digest
from wheelyard.protocol import EnvironmentMessage
from wheelyard.storage.store import Store


def is_known(store: Store, digest: str, *, builder_id: int) -> bool:
    """Whether a builder has told what is in an environment."""
    try:
        store.info(_key(digest, builder_id))
    except NotStored:
        return False
    return True


def keep(store: Store, digest: str, message: EnvironmentMessage, *, builder: Builder) -> None:
    """Keep what a builder tells of an environment.

    Raises:
        UploadRefused: if its packages are not those of the digest.
    """
    packages = [(item.name, item.architecture, item.version) for item in message.packages]
    found = manifest_digest(message.environment, message.origin, packages)
    if found != digest:
        raise UploadRefused(digest, f"These packages have the digest {found}")
    store.put(_key(digest, builder.id), message.model_dump_json().encode())


def told_of(store: Store, digest: str | None, *, builder_id: int) -> EnvironmentMessage | None:
    """Return what a builder has told of an environment; None if nothing."""
    if digest is None:
        return None
    try:
        return EnvironmentMessage.model_validate_json(store.get(_key(digest, builder_id)))
    except (NotStored, ValueError):
        return None


def _key(digest: str, builder_id: int) -> str:
    return f"environments/{digest}/{builder_id}.json"
