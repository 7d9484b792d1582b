"""Taking the bytes of withdrawn wheels away from where they are served, and bringing them back."""

from collections.abc import Sequence

from wheelyard.errors import NotStored
from wheelyard.log import get_logger
from wheelyard.model.wheel import Wheel, WheelState, withheld_path
from wheelyard.storage.store import Store

_METADATA = ".metadata"
_SERVED = frozenset({WheelState.PUBLISHED, WheelState.SUPERSEDED})
_log = get_logger("publisher")


def to_withhold(wheels: Sequence[Wheel]) -> list[Wheel]:
    """Return the withdrawn wheels whose bytes no other wheel has, so that they must be gone."""
    served = {wheel.path for wheel in wheels if wheel.state in _SERVED}
    return [
        wheel
        for wheel in wheels
        if wheel.state is WheelState.WITHDRAWN and wheel.path not in served
    ]


def to_bring_back(wheels: Sequence[Wheel]) -> list[Wheel]:
    """Return the wheels that are to be served again."""
    return [wheel for wheel in wheels if wheel.state in _SERVED and wheel.is_withheld]


def withhold(store: Store, wheel: Wheel) -> None:
    """Move a wheel and its METADATA aside; what has been moved already stays there."""
    for path in (wheel.path, f"{wheel.path}{_METADATA}"):
        _move(store, path, withheld_path(path))


def bring_back(store: Store, wheel: Wheel) -> None:
    """Move a wheel and its METADATA to where they are served, METADATA first."""
    for path in (f"{wheel.path}{_METADATA}", wheel.path):
        _move(store, withheld_path(path), path)


def _move(store: Store, source: str, destination: str) -> None:
    """Copy, then delete: killed in between, the next attempt copies the same bytes again."""
    try:
        store.put(destination, store.read(source))
    except NotStored:
        _log.info("nothing-to-move", source=source)
        return
    store.delete(source)
