"""The width of `time_t`: 64 bits everywhere but on 32-bit machines before Debian's transition."""

from wheelyard.certify.contents import Contents
from wheelyard.certify.expected import Expected
from wheelyard.certify.objects import ObjectFile
from wheelyard.model.certificate import Check, failed, not_applicable, passed

_MACHINES = frozenset({"armv6l", "armv7l"})
_NARROW = frozenset({"bullseye", "bookworm"})
_WIDE = frozenset({"trixie", "forky"})
"""Debian's armhf has had 64-bit times since trixie."""

_NARROW_SYMBOLS = frozenset(
    {
        *("time", "clock_gettime", "clock_settime", "clock_getres", "clock_nanosleep", "nanosleep"),
        *(
            "gettimeofday",
            "settimeofday",
            "localtime",
            "localtime_r",
            "gmtime",
            "gmtime_r",
            "mktime",
        ),
        *("timegm", "ctime", "ctime_r", "difftime", "utime", "utimes", "utimensat", "futimens"),
        *("stat64", "fstat64", "lstat64", "fstatat64", "select", "pselect", "ppoll"),
        *("pthread_cond_timedwait", "pthread_mutex_timedlock", "sem_timedwait", "setitimer"),
    }
)
_RUST = b"rustc"


def time_width(contents: Contents, expected: Expected) -> Check:
    """Objects use times as wide as the release's own libraries do.

    Rust declares the C library's types itself and says so to nobody else: its objects count not.
    """
    name, target = "time64", expected.target
    if target.architecture not in _MACHINES or target.channel not in _NARROW | _WIDE:
        return not_applicable(name, f"{target.name} knows one width of time_t only.")
    judged = [each for each in contents.linked if _RUST not in each.compilers]
    wide, narrow = _users(judged, is_wide=True), _users(judged, is_wide=False)
    if not wide and not narrow:
        return not_applicable(name, "No object file asks the C library for times.")
    if target.channel in _WIDE and narrow:
        message = f"{target.channel} has 64-bit times, an object file uses 32-bit ones."
        return failed(name, message, *narrow)
    if target.channel in _NARROW and wide:
        message = f"{target.channel} has 32-bit times, an object file uses 64-bit ones."
        return failed(name, message, *wide)
    bits = 64 if target.channel in _WIDE else 32
    return passed(name, f"Times have {bits} bits, as in {target.channel}.", *(wide or narrow))


def _users(objects: list[ObjectFile], *, is_wide: bool) -> list[str]:
    lines = []
    for each in objects:
        symbols = sorted(filter(_is_wide if is_wide else _is_narrow, each.dynamic.imports))
        if symbols:
            lines.append(f"{each.name!a} uses {', '.join(symbols[:5])}")
    return lines


def _is_narrow(symbol: str) -> bool:
    return symbol in _NARROW_SYMBOLS


def _is_wide(symbol: str) -> bool:
    """Whether a symbol is what glibc calls the 64-bit form of one with times."""
    if not symbol.startswith("__") or not symbol.endswith("64"):
        return False
    return symbol.endswith("_time64") or symbol[2:-2] in _NARROW_SYMBOLS
