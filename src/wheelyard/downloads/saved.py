"""The time that a download saved; pure. docs/statistics.md defines it for readers.

All times are whole milliseconds, so that sums do not depend on the order in which they are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from wheelyard.errors import InvalidName
from wheelyard.model.download import ClientClass
from wheelyard.model.names import parse_wheel_name

_PIWHEELS_INSTALL_MS = 6_700
_PIWHEELS_LONGEST_MS = 7 * 24 * 3_600_000
_PIWHEELS_WEIGHTS = {"linux_armv7l": 1, "linux_armv6l": 6}
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What the time saved is reckoned with.

    `factors` say, by the beginning of the name of the board that built, how many times as long a
    client's architecture builds; the longest beginning that fits counts, the empty one fits every
    board, and where nothing is said the factor is 1. An installation takes `install` anyway; builds
    that are said to have taken longer than `longest`, which is the limit of a job, are left out.
    """

    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    install: timedelta = timedelta(seconds=6.7)
    longest: timedelta = timedelta(hours=3)

    def saved_ms(
        self,
        filename: str,
        *,
        client_class: ClientClass,
        architecture: str | None,
        build_ms: int | None,
        board: str = "",
    ) -> int:
        """Return how long one download of a file saved its client, in milliseconds.

        Only an installer's download of a platform wheel whose build was timed saves anything.
        """
        if build_ms is None or not 0 <= build_ms <= self.longest // _MS:
            return 0
        if client_class is not ClientClass.INSTALLER or not _is_platform_wheel(filename):
            return 0
        there = round(build_ms * self._factor(board, architecture or ""))
        return max(there - self.install // _MS, 0)

    def _factor(self, board: str, architecture: str) -> float:
        beginnings = [beginning for beginning in self.factors if board.startswith(beginning)]
        if not beginnings:
            return 1.0
        return self.factors[max(beginnings, key=len)].get(architecture, 1.0)


def comparable_ms(filename: str, *, build_ms: int | None) -> int:
    """Return what piwheels' published sum gives one download of a file, in milliseconds.

    piwheels has one platform tag in a name; ours may have a manylinux tag beside `linux_*`.
    """
    parts = filename.removesuffix(".whl").split("-")
    if build_ms is None or not 0 <= build_ms <= _PIWHEELS_LONGEST_MS or parts[-2:-1] == ["none"]:
        return 0
    weights = [weight for tag, weight in _PIWHEELS_WEIGHTS.items() if tag in parts[-1].split(".")]
    return min(weights, default=0) * max(build_ms - _PIWHEELS_INSTALL_MS, 0)


@lru_cache(maxsize=10_000)
def _is_platform_wheel(filename: str) -> bool:
    if not filename.endswith(".whl"):
        return False
    try:
        return not parse_wheel_name(filename).is_pure
    except InvalidName:
        return False
