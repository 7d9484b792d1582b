"""Taking the bytes of withdrawn wheels away from where they are served, and bringing them back."""

from collections.abc import Sequence

from wheelyard.errors import NotStored
from wheelyard.model.wheel import Wheel, WheelState, provenance_path, withheld_path
from wheelyard.storage.store import Store

_SERVED = frozenset({WheelState.PUBLISHED, WheelState.SUPERSEDED})


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
    """Keep a wheel and what is beside it aside, and take away what is served."""
    for path in served_paths(wheel):
        if _copy(store, path, withheld_path(path)):
            store.delete(path)


def bring_back(store: Store, wheel: Wheel) -> None:
    """Have a wheel and what is beside it served again, the wheel last.

    What was kept aside stays there: a slower publisher may still be about to take away what is
    served, and would take away the last copy otherwise.
    """
    for path in reversed(served_paths(wheel)):
        _copy(store, withheld_path(path), path)


def served_paths(wheel: Wheel) -> tuple[str, ...]:
    """Return where a wheel is served, and what is beside it: METADATA and provenance."""
    return wheel.path, f"{wheel.path}.metadata", provenance_path(wheel.path)


def _copy(store: Store, source: str, destination: str) -> bool:
    """Copy an object; false if it is not there."""
    try:
        store.put(destination, store.read(source))
    except NotStored:
        return False
    return True
