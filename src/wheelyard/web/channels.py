"""Which channel a client belongs on, by what it tells of its distribution release."""

import threading
import time
from collections.abc import Sequence

from wheelyard.database.engine import Engine, reading
from wheelyard.downloads.user_agent import told_codename
from wheelyard.errors import DatabaseUnavailable
from wheelyard.publish.front import active_channels

_KNOWN_SECONDS = 10.0


class ActiveChannels:
    """The active channels as of some seconds ago; while the database is away, as last known."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._channels: tuple[str, ...] = ()
        self._read_at: float | None = None

    def names(self) -> tuple[str, ...]:
        """Return the channels, in order."""
        with self._lock:
            now = time.monotonic()
            if self._read_at is None or now >= self._read_at + _KNOWN_SECONDS:
                self._read_at = now
                self._channels = self._read()
            return self._channels

    def _read(self) -> tuple[str, ...]:
        try:
            with reading(self._engine) as connection:
                return active_channels(connection)
        except DatabaseUnavailable:
            return self._channels


def channel_for(user_agent: str | None, channels: Sequence[str]) -> str | None:
    """Return the channel that a User-Agent's distribution release has here.

    None if it tells none, or if there is one channel only, which everybody is on anyway.
    """
    if user_agent is None or len(channels) <= 1:
        return None
    codename = told_codename(user_agent)
    return codename if codename in channels else None
