"""How often visitors may ask for something that costs us work; nothing is kept of who they are."""

import hashlib
import secrets
import threading
from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Network, ip_address
from time import monotonic

_HOUR_SECONDS = 3600.0
_NETWORK_BITS = 64


class Allowance:
    """So many things an hour in all, and a tenth of them for one address.

    Of IPv6 the network of a customer, a /64, counts as one address. Addresses are held in memory
    for an hour at most, mixed with a secret of this process.
    """

    def __init__(self, per_hour: int, *, now: Callable[[], float] = monotonic) -> None:
        self._per_hour = per_hour
        self._per_address = max(1, per_hour // 10)
        self._now = now
        self._secret = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._granted: deque[tuple[float, bytes]] = deque()

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask for anything."""
        return self._per_hour > 0

    def grant(self, address: str) -> bool:
        """Return whether somebody may do it once more, and count it if so."""
        who = hashlib.blake2b(_of_one(address).encode(), key=self._secret, digest_size=16).digest()
        with self._lock:
            now = self._now()
            while self._granted and self._granted[0][0] <= now - _HOUR_SECONDS:
                self._granted.popleft()
            theirs = sum(address == who for _, address in self._granted)
            if len(self._granted) >= self._per_hour or theirs >= self._per_address:
                return False
            self._granted.append((now, who))
            return True


def _of_one(address: str) -> str:
    """Return what tells somebody's addresses from others'; what is no address is itself."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, _NETWORK_BITS), strict=False))
