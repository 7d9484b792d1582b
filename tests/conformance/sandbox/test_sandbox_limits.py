"""What every sandbox does about a command that exceeds its limits."""

from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from processes import pids_with
from sandboxes import PYTHON, bubblewrap, python, quick, run, writable_folder
from wheelyard.builder.sandbox.cgroup import find_hierarchies
from wheelyard.builder.sandbox.sandbox import LimitHit, Sandbox

MIB = 1024**2


def test_a_command_that_takes_too_long_is_ended(sandbox: Sandbox, marker: str) -> None:
    limits = quick(duration=timedelta(seconds=0.5))

    # It goes on when its child is gone: whichever is killed first, it is killed itself.
    busy = "sleep 600 & while :; do wait; sleep 1; done"
    ran = run(sandbox, "/bin/sh", "-c", busy, marker, limits=limits)

    assert ran.result.limit_hit is LimitHit.TIME
    assert ran.result.exit_status == -SIGKILL
    assert 0.5 <= ran.result.seconds < 300
    assert pids_with(marker) == []


def test_a_command_that_takes_too_much_memory_is_ended(sandbox: Sandbox) -> None:
    code = "hoard = []\nwhile True: hoard.append(bytearray(b'x') * 2**21)"

    ran = python(sandbox, code, limits=quick(memory_bytes=64 * MIB))

    assert ran.result.limit_hit is LimitHit.MEMORY


def test_a_child_that_takes_too_much_memory_ends_a_command_that_would_hide_it() -> None:
    code = """
import os, time
if os.fork():
    os.wait()
else:
    hoard = []
    while True:
        hoard.append(bytearray(b'x') * 2**21)
"""
    ran = python(bubblewrap(), code, limits=quick(memory_bytes=64 * MIB))

    assert ran.result.limit_hit is LimitHit.MEMORY


def test_files_in_memory_count_as_memory_or_are_refused(isolated: Sandbox) -> None:
    code = """
import itertools
for number in itertools.count():
    for folder in ('/tmp', '/dev/shm', '/run', '/var/tmp'):
        try:
            with open(f'{folder}/{number}', 'wb') as stream:
                stream.write(bytes(2**20))
        except OSError:
            if number > 100:
                raise
"""
    ran = python(isolated, code, limits=quick(memory_bytes=64 * MIB))

    assert ran.result.exit_status != 0


def test_the_most_memory_that_was_used_is_told_where_a_control_group_knows_it() -> None:
    if LimitHit.MEMORY not in find_hierarchies():
        assert python(bubblewrap(), "pass").result.peak_memory_bytes is None
        return

    peak = python(bubblewrap(), "x = bytearray(b'x') * (32 * 2**20)").result.peak_memory_bytes

    assert peak is not None
    assert 32 * MIB < peak < 64 * MIB


def test_a_command_that_starts_too_many_processes_is_ended(sandbox: Sandbox, marker: str) -> None:
    code = """
import os, time
try:
    for _ in range(100):
        if os.fork() == 0:
            time.sleep(600)
except OSError:
    pass
time.sleep(600)
"""
    ran = python(sandbox, code, marker, limits=quick(processes=20))

    assert ran.result.limit_hit is LimitHit.PROCESSES
    assert pids_with(marker) == []


def test_a_command_whose_processes_all_start_more_is_ended(isolated: Sandbox, marker: str) -> None:
    code = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.05)
"""
    ran = python(isolated, code, marker, limits=quick(processes=20))

    assert ran.result.limit_hit is LimitHit.PROCESSES
    assert pids_with(marker) == []


def test_a_command_may_use_the_processes_it_is_allowed(sandbox: Sandbox) -> None:
    code = """
import os, time
for _ in range(15):
    if os.fork() == 0:
        time.sleep(0.5)
        os._exit(0)
for _ in range(15):
    os.wait()
"""
    ran = python(sandbox, code, limits=quick(processes=16))

    assert (ran.result.exit_status, ran.result.limit_hit) == (0, None)


def test_a_command_that_prints_too_much_is_ended(sandbox: Sandbox) -> None:
    ran = run(sandbox, "/usr/bin/yes", limits=quick(log_bytes=100_000))

    assert ran.result.limit_hit is LimitHit.LOG
    assert len(ran.output) == 100_000


def test_a_command_that_ends_having_printed_too_much_has_hit_the_limit(sandbox: Sandbox) -> None:
    ran = run(sandbox, "/bin/echo", "x" * 500, limits=quick(log_bytes=100))

    assert ran.result.limit_hit is LimitHit.LOG
    assert ran.output == b"x" * 100


def test_a_command_may_print_as_much_as_it_is_allowed(sandbox: Sandbox) -> None:
    ran = run(sandbox, "/bin/echo", "x" * 99, limits=quick(log_bytes=100))

    assert (ran.result.limit_hit, len(ran.output)) == (None, 100)


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        (
            "for n in range(10**9): open(f'/work/{n}', 'wb').write(bytes(2**20))",
            {"disk_bytes": 32 * MIB},
        ),
        ("for n in range(10**9): open(f'/work/{n}', 'wb').close()", {"files": 1000}),
    ],
    ids=["bytes", "files"],
)
def test_a_command_that_writes_too_much_is_ended(
    sandbox: Sandbox, reachable: Path, code: str, limits: dict[str, object]
) -> None:
    work = writable_folder(reachable)

    ran = run(
        sandbox,
        *(PYTHON, "-c", code),
        writable={"/work": work},
        limits=quick(**limits),
    )

    assert ran.result.limit_hit is LimitHit.DISK


def test_a_file_longer_than_all_that_may_be_written_is_ended(
    sandbox: Sandbox, reachable: Path
) -> None:
    work = writable_folder(reachable)
    code = "stream = open('/work/long', 'wb', 0)\nwhile True: stream.write(bytes(2**20))"

    ran = run(
        sandbox,
        *(PYTHON, "-c", code),
        writable={"/work": work},
        limits=quick(disk_bytes=32 * MIB),
    )

    assert ran.result.limit_hit is LimitHit.DISK
    assert (work / "long").stat().st_size <= 33 * MIB


def test_a_command_may_write_as_much_as_it_is_allowed(sandbox: Sandbox, reachable: Path) -> None:
    work = writable_folder(reachable)
    code = "open('/work/big', 'wb').write(bytes(30 * 2**20))"

    ran = run(
        sandbox,
        *(PYTHON, "-c", code),
        writable={"/work": work},
        limits=quick(disk_bytes=32 * MIB, files=1),
    )

    assert (ran.result.exit_status, ran.result.limit_hit) == (0, None)


def test_a_file_full_of_holes_counts_for_what_it_takes(sandbox: Sandbox, reachable: Path) -> None:
    work = writable_folder(reachable)

    ran = run(
        sandbox,
        *("/usr/bin/truncate", "--size", "30M", "/work/holes"),
        writable={"/work": work},
        limits=quick(disk_bytes=32 * MIB),
    )

    assert (ran.result.exit_status, ran.result.limit_hit) == (0, None)
