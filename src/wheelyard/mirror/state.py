"""How far a mirror has come: a file beside what was copied."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from wheelyard.errors import Unavailable

_FILE = ".mirror.json"
_LOCK = ".mirror.lock"


class MirrorState(BaseModel):
    """What was copied: everything up to `cursor` but what is `pending`, by name and serial.

    `compared_at` is when it was last looked which projects the server has no more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    cursor: int = Field(default=0, ge=0)
    pending: dict[str, int] = {}
    compared_at: AwareDatetime | None = None

    def first(self) -> int:
        """Return where the feed is to be read from."""
        return min([self.cursor, *(serial - 1 for serial in self.pending.values())])

    def is_due(self, now: datetime, *, every: float) -> bool:
        """Whether it is time to look which projects are gone; `every` is in seconds."""
        last = self.compared_at
        return last is None or (now - last).total_seconds() >= every


def load_state(folder: Path, *, url: str) -> MirrorState:
    """Return how far the mirror of a server has come.

    It begins anew if it was a mirror of another server, or the file cannot be read: what was copied
    stays where it is right.
    """
    try:
        state = MirrorState.model_validate_json((folder / _FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return MirrorState(url=url)
    return state if state.url == url else MirrorState(url=url)


def save_state(folder: Path, state: MirrorState) -> None:
    """Write it down, whole or not at all."""
    partial = folder / f"{_FILE}.new"
    partial.write_text(json.dumps(state.model_dump(mode="json")), encoding="utf-8")
    partial.replace(folder / _FILE)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder.

    Raises:
        Unavailable: if another run is at work in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(folder, "Another run copies into it at this moment") from None
        yield
