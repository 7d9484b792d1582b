"""Telling distinct hosts of a day apart without keeping who they were."""

import hashlib
import secrets
from datetime import date, timedelta

from wheelyard.clock import Clock
from wheelyard.database import state
from wheelyard.database.engine import Engine, writing

_DAYS = 3
"""So long a day's hosts can still be told apart; then its salt is thrown away."""

_DIGEST_BYTES = 8


class Hosts:
    """Makes digests of hosts with a salt of the day, which all processes share.

    When a day's salt is gone, nobody can find out whether a host was among the day's.
    """

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._salts: dict[date, bytes] = {}

    def digest(self, host: bytes, day: date) -> str | None:
        """Return a short digest of a host on a day; None if that day is over for long."""
        if not host or not self._oldest() <= day:
            return None
        salt = self._salts.get(day)
        if salt is None:
            salt = self._salts[day] = self._shared_salt(day)
        return hashlib.blake2b(host[:64], key=salt, digest_size=_DIGEST_BYTES).hexdigest()

    def forget(self) -> date:
        """Throw away the salts of days that are long over; return the first day that is not."""
        oldest = self._oldest()
        with writing(self._engine) as connection:
            state.drop_states(connection, _key(date.min), _key(oldest))
        self._salts = {day: salt for day, salt in self._salts.items() if day >= oldest}
        return oldest

    def _oldest(self) -> date:
        return self._clock.now().date() - timedelta(days=_DAYS)

    def _shared_salt(self, day: date) -> bytes:
        with writing(self._engine) as connection:
            state.put_if_missing(connection, _key(day), secrets.token_hex(32))
            return bytes.fromhex(str(state.get_state(connection, _key(day))))


def _key(day: date) -> str:
    return f"host-salt:{day.isoformat()}"
