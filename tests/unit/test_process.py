import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from processes import has_become, has_ended
from wheelyard import process
from wheelyard.errors import NotFound, Unavailable
from wheelyard.process import DEVNULL, PIPE, Completed

SOON = timedelta(seconds=30)


def run_python(code: str, *, timeout: timedelta = SOON, stdin: bytes = b"") -> Completed:
    return process.run(
        [sys.executable, "-I", "-S", "-c", code], environment={}, timeout=timeout, stdin=stdin
    )


def test_a_program_that_ends_is_told_by_its_exit_status_and_what_it_printed() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    assert run_python(code) == Completed(exit_status=3, stdout="out\n", stderr="err\n")


def test_a_program_that_a_signal_ends_has_a_negative_exit_status() -> None:
    assert run_python("import os; os.kill(os.getpid(), 15)").exit_status == -15


def test_a_program_gets_exactly_the_environment_it_is_given() -> None:
    completed = process.run(["env"], environment={"ONLY": "this"}, timeout=SOON)

    assert completed.stdout == "ONLY=this\n"


def test_a_program_reads_what_it_is_fed() -> None:
    code = "import sys; print(sys.stdin.read()[::-1], end='')"

    assert run_python(code, stdin=b"abc").stdout == "cba"


def test_a_program_reads_nothing_unless_it_is_fed() -> None:
    assert run_python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_bytes_that_are_not_utf8_do_not_stop_the_reading() -> None:
    assert run_python("import sys; sys.stdout.buffer.write(b'a\\xff')").stdout == "a�"


def test_a_program_runs_in_the_folder_it_is_given(tmp_path: Path) -> None:
    completed = process.run(["pwd", "-P"], environment={}, timeout=SOON, folder=tmp_path)

    assert completed.stdout == f"{tmp_path.resolve()}\n"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(NotFound, match="no-such-program-here"):
        process.run(["no-such-program-here"], environment={}, timeout=SOON)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        process.run(["true"], environment={}, timeout=SOON, folder=tmp_path / "nowhere")


def test_a_program_that_outlasts_its_time_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"""
import os, pathlib, time
child = os.fork()
if child:
    pathlib.Path({str(note)!r}).write_text(str(child))
time.sleep(600)
"""
    with pytest.raises(Unavailable, match="did not end within 2 s"):
        run_python(code, timeout=timedelta(seconds=2))

    assert has_ended(int(note.read_text()))


def test_a_started_program_is_a_handle_that_can_be_waited_for() -> None:
    child = process.start(["sleep", "600"], environment={}, stdout=DEVNULL)
    try:
        assert child.wait(timedelta(milliseconds=10)) is None
        assert child.exit_status() is None
        child.terminate()
        assert child.wait(SOON) == -15
    finally:
        child.close()


def test_a_started_program_leads_its_own_session() -> None:
    child = process.start(["cat"], environment={}, stdin=PIPE, stdout=PIPE)
    try:
        assert os.getsid(child.pid) == child.pid
    finally:
        child.close()


def test_closing_a_handle_kills_the_program_and_closes_its_streams() -> None:
    child = process.start(["sleep", "600"], environment={}, stdout=PIPE)

    child.close()

    assert child.exit_status() == -9
    assert child.stdout is not None
    assert child.stdout.closed


def test_a_program_dies_with_the_process_that_started_it() -> None:
    code = """
import time
from wheelyard import process
print(process.start(["sleep", "600"], environment={}, stdout=process.DEVNULL).pid, flush=True)
time.sleep(600)
"""
    parent = process.start([sys.executable, "-c", code], environment=dict(os.environ), stdout=PIPE)
    try:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        assert has_become(grandchild, "sleep")
    finally:
        parent.close()

    assert has_ended(grandchild)


def test_reaping_something_that_is_not_ours_does_nothing() -> None:
    process.reap(1)
