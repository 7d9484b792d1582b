"""What tests ask about processes that they or their subjects started."""

import time
from pathlib import Path


def has_ended(pid: int, *, within: float = 30.0) -> bool:
    """Whether a process ends within so many seconds, or only waits to be reaped by somebody."""
    deadline = time.monotonic() + within
    while not _is_over(pid):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def has_become(pid: int, program: str, *, within: float = 30.0) -> bool:
    """Whether a process runs this program within so many seconds, rather than its launcher."""
    deadline = time.monotonic() + within
    while Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() != program:
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def _is_over(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state[0] in "ZX"


def pids_with(marker: str) -> list[int]:
    """Return the processes that have `marker` in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in words:
            found.append(int(folder.name))
    return found
