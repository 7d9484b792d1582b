"""Which Debian packages somebody must install to use a wheel; pure."""

import re
from collections.abc import Iterable

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?")
_OF_64_BIT_TIMES = "t64"
"""Debian 13 ends the names of libraries so that were made anew for times beyond 2038."""

_ALWAYS_THERE = frozenset(
    {
        *("libacl1", "libattr1", "libblkid1", "libbz2-1.0", "libc6", "libcap2", "libcrypt1"),
        *("libexpat1", "libffi8", "libgcc-s1", "liblzma5", "libmount1", "libncursesw6"),
        *("libpam0g", "libpcre2-8-0", "libreadline8", "libselinux1", "libsmartcols1"),
        *("libsqlite3-0", "libssl3", "libstdc++6", "libsystemd0", "libtinfo6", "libudev1"),
        *("libuuid1", "libzstd1", "zlib1g"),
    }
)
"""What essential packages and Debian's python3 bring, on Debian 12 and 13."""


def to_install(dependencies: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the packages that a wheel needs and that not every board has, in order.

    `dependencies` may name versions, `libxml2 (>= 2.9)`; what cannot be a name is left out.
    """
    names = {dependency.partition(" ")[0] for dependency in dependencies}
    return tuple(
        sorted(
            name
            for name in names
            if _NAME.fullmatch(name) and name.removesuffix(_OF_64_BIT_TIMES) not in _ALWAYS_THERE
        )
    )
