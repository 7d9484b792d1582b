"""What is made from all projects together: the lists of the simple indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from wheelyard.database import listings, state, targets
from wheelyard.database.engine import Connection, Engine, reading
from wheelyard.database.listings import Listing
from wheelyard.model.names import ProjectName
from wheelyard.publish import simple
from wheelyard.publish.selection import PLAIN, channels_of, prefix_of
from wheelyard.storage.packing import put_page
from wheelyard.storage.store import Store

_FEW = 1000
_PAUSE_PER_PROJECT = timedelta(microseconds=200)
_LONGEST_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What the lists are made from, read at one moment."""

    serial: int
    channels: tuple[str, ...]
    listings: tuple[Listing, ...]

    @property
    def pause(self) -> timedelta:
        """How long to leave these pages alone after writing them: writing long lists is dear."""
        count = len(self.listings)
        return timedelta(0) if count < _FEW else min(count * _PAUSE_PER_PROJECT, _LONGEST_PAUSE)


def active_channels(connection: Connection) -> tuple[str, ...]:
    """Return the channels of the active targets, in order."""
    return tuple(sorted({target.channel for target in targets.active_targets(connection)}))


def read_front(engine: Engine) -> Front:
    """Read it all at one moment."""
    with reading(engine) as connection:
        return Front(
            serial=state.current_serial(connection),
            channels=active_channels(connection),
            listings=tuple(listings.listings(connection)),
        )


def write_front(store: Store, front: Front) -> list[str]:
    """Write the lists; return their paths."""
    paths = []
    for index in sorted({PLAIN, *front.channels, *(item.channel for item in front.listings)}):
        listed = _listed(front, index)
        folder = prefix_of(index)
        put_page(store, f"{folder}/index.json", simple.list_json(listed, serial=front.serial))
        put_page(store, f"{folder}/index.html", simple.list_html(listed, serial=front.serial))
        paths.append(f"{folder}/")
    return paths


def _listed(front: Front, index: str) -> Sequence[tuple[ProjectName, int]]:
    """Return the projects on an index with their serials, by the rule of `selection.fits`."""
    listed = {}
    for item in front.listings:
        if all(item.is_on(channel) for channel in channels_of(index, front.channels)):
            listed[item.project] = item.serial
    return sorted(listed.items())
