"""However a command or its agent ends, nothing of it is left."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import has_ended, pids_with
from sandboxes import PYTHON, python, quick, run
from wheelyard import process
from wheelyard.builder.sandbox.cgroup import find_hierarchies, remove_stale_groups
from wheelyard.builder.sandbox.sandbox import Command, Sandbox
from wheelyard.errors import LeaseLost

DAEMONS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
for _ in range(3):
    os.wait()
"""
STAYS = "import time; print('running', flush=True); time.sleep(600)"


def children() -> set[str]:
    """Return the children of this process, those that only wait to be reaped too."""
    files = Path("/proc/self/task").glob("*/children")
    return {word for file in files for word in file.read_text().split()}


def groups() -> list[Path]:
    """Return the control groups of this process's commands."""
    return [
        folder
        for hierarchy in find_hierarchies().values()
        for folder in hierarchy.folder.glob(f"wheelyard-*-{os.getpid()}-*")
    ]


def test_daemons_end_with_the_command_that_left_them(isolated: Sandbox, marker: str) -> None:
    ran = python(isolated, DAEMONS, marker)

    assert ran.result.exit_status == 0
    assert pids_with(marker) == []


def test_a_session_that_a_plain_command_left_behind_ends_too(sandbox: Sandbox, marker: str) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
time.sleep(1)
"""
    ran = python(sandbox, code, marker)

    assert ran.result.exit_status == 0
    assert pids_with(marker) == []


def test_no_process_control_group_or_descriptor_is_left(sandbox: Sandbox) -> None:
    before = children()
    run(sandbox, "/bin/true")
    descriptors = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(3):
        run(sandbox, "/bin/true")

    assert children() == before
    assert groups() == []
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_an_exception_from_output_ends_the_command_and_is_passed_on(
    sandbox: Sandbox, marker: str
) -> None:
    def output(chunk: bytes) -> None:
        if chunk:
            raise LeaseLost(marker)

    command = Command(arguments=(PYTHON, "-c", STAYS, marker), folder="/", limits=quick())

    with pytest.raises(LeaseLost):
        sandbox.run(command, output=output)

    assert pids_with(marker) == []
    assert groups() == []


def test_output_may_end_a_command_that_prints_nothing(sandbox: Sandbox, marker: str) -> None:
    def output(chunk: bytes) -> None:
        if pids_with(marker):
            raise LeaseLost(chunk)

    command = Command(arguments=("/bin/sh", "-c", "sleep 600 & wait", marker), folder="/")

    with pytest.raises(LeaseLost):
        sandbox.run(command, output=output)

    assert pids_with(marker) == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let an interrupt raise `KeyboardInterrupt`, also where tests run in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_command(sandbox: Sandbox, marker: str) -> None:
    def output(chunk: bytes) -> None:
        if chunk:
            signal.raise_signal(signal.SIGINT)

    command = Command(arguments=(PYTHON, "-c", STAYS, marker), folder="/", limits=quick())

    with pytest.raises(KeyboardInterrupt):
        sandbox.run(command, output=output)

    assert pids_with(marker) == []


def test_commands_in_several_threads_do_not_end_each_other(sandbox: Sandbox) -> None:
    results: list[int] = []

    def work() -> None:
        code = "import time; time.sleep(0.5); print('done')"
        results.append(python(sandbox, code).result.exit_status)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [0, 0, 0]


AGENT = """
import sys
from sandboxes import bubblewrap, run
from wheelyard.builder.sandbox.sandbox import Command

command = Command(
    arguments=("/bin/sh", "-c", "sleep 600 & echo running; wait", sys.argv[1]), folder="/"
)
bubblewrap({} if sys.argv[2] else None).run(
    command, output=lambda chunk: print(chunk.decode(), end="", flush=True)
)
"""


@pytest.mark.parametrize("without_groups", ["", "without control groups"])
def test_a_command_ends_with_its_agent_and_the_next_agent_clears_up(
    marker: str, without_groups: str
) -> None:
    agent = process.start(
        [sys.executable, "-c", AGENT, marker, without_groups],
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=process.PIPE,
    )
    try:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"running\n"
        inside = [pid for pid in pids_with(marker) if pid != agent.pid]
    finally:
        agent.close()

    assert inside
    assert all(has_ended(pid) for pid in inside)
    remove_stale_groups(find_hierarchies())
    assert not [
        folder
        for hierarchy in find_hierarchies().values()
        for folder in hierarchy.top.rglob(f"wheelyard-*-{agent.pid}-*")
    ]


SUDDEN = """
import os, signal, sys
from sandboxes import bubblewrap, run

sandbox = bubblewrap()
for milliseconds in range(1, 31):
    agent = os.fork()
    if agent == 0:
        signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
        run(sandbox, "/bin/sh", "-c", "sleep 600 & wait", sys.argv[1])
    os.waitpid(agent, 0)
"""


def test_an_agent_that_dies_while_a_sandbox_is_made_leaves_nothing(marker: str) -> None:
    agents = process.start(
        [sys.executable, "-c", SUDDEN, marker],
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert agents.wait() == 0
    finally:
        agents.close()

    remove_stale_groups(find_hierarchies())
    assert all(has_ended(pid) for pid in pids_with(marker))
