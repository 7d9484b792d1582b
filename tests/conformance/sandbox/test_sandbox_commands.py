"""What every sandbox does with a command."""

from pathlib import Path
from signal import SIGKILL, SIGSEGV

import pytest

from sandboxes import python, run, writable_folder
from wheelyard.builder.sandbox.sandbox import HOME_FOLDER, Command, Sandbox
from wheelyard.errors import SandboxMissing


def test_output_of_both_streams_is_handed_on(sandbox: Sandbox) -> None:
    ran = run(sandbox, "/bin/sh", "-c", "echo to stdout; echo to stderr >&2")

    assert ran.text == "to stdout\nto stderr\n"


def test_output_comes_as_it_is_printed(sandbox: Sandbox) -> None:
    class SeenInTimeError(Exception):
        pass

    def output(chunk: bytes) -> None:
        if b"first" in chunk:
            raise SeenInTimeError

    command = Command(arguments=("/bin/sh", "-c", "echo first; sleep 600"), folder="/")
    with pytest.raises(SeenInTimeError):
        sandbox.run(command, output=output)


@pytest.mark.parametrize("status", [0, 1, 3, 127])
def test_the_exit_status_is_the_commands(sandbox: Sandbox, status: int) -> None:
    assert run(sandbox, "/bin/sh", "-c", f"exit {status}").result.exit_status == status


@pytest.mark.parametrize("number", [SIGKILL, SIGSEGV])
def test_a_commands_signal_is_a_negative_exit_status(sandbox: Sandbox, number: int) -> None:
    ran = python(sandbox, f"import os; os.kill(os.getpid(), {number})")

    assert (ran.result.exit_status, ran.result.limit_hit) == (-number, None)


def test_the_environment_is_exactly_the_one_given_and_the_working_folder(sandbox: Sandbox) -> None:
    ran = run(sandbox, "/usr/bin/env", environment={"ONE": "1", "EMPTY": "", "TWO": "a b=c"})

    assert sorted(ran.text.splitlines()) == ["EMPTY=", "ONE=1", "PWD=/", "TWO=a b=c"]


def test_a_command_reads_nothing_from_its_standard_input(sandbox: Sandbox) -> None:
    assert run(sandbox, "/bin/cat").result.exit_status == 0


def test_a_command_runs_in_the_folder_it_is_given(sandbox: Sandbox, reachable: Path) -> None:
    work = writable_folder(reachable)

    run(sandbox, "/bin/sh", "-c", "echo here >note", folder="/work", writable={"/work": work})

    assert (work / "note").read_text() == "here\n"


def test_arguments_and_environment_refer_to_paths_inside(sandbox: Sandbox, reachable: Path) -> None:
    work = writable_folder(reachable)
    source = reachable / "source"
    source.mkdir()
    (source / "file").write_text("content")

    run(
        sandbox,
        *("/bin/sh", "-c", 'cp "$1" "$TARGET"', "sh", "/src/file"),
        folder="/work",
        read_only={"/src": source},
        writable={"/work": work},
        environment={"TARGET": "/work/copy", "PATH": "/usr/bin:/bin"},
    )

    assert (work / "copy").read_text() == "content"


def test_a_folder_inside_another_keeps_its_own_rights(isolated: Sandbox, reachable: Path) -> None:
    work, inner = writable_folder(reachable), reachable / "inner"
    inner.mkdir()
    (work / "tool").mkdir()

    ran = run(
        isolated,
        *("/bin/sh", "-c", "touch made tool/refused"),
        folder="/work",
        read_only={"/work/tool": inner},
        writable={"/work": work},
    )

    assert ran.result.exit_status == 1
    assert sorted(path.name for path in (*work.iterdir(), *inner.iterdir())) == ["made", "tool"]


def test_the_home_folder_is_empty_writable_and_gone_afterwards(sandbox: Sandbox) -> None:
    script = 'ls -A "$HOME"; touch "$HOME/note"; ls -A "$HOME"'

    for _ in range(2):
        environment = {"HOME": HOME_FOLDER, "PATH": "/usr/bin:/bin"}
        assert run(sandbox, "/bin/sh", "-c", script, environment=environment).text == "note\n"


def test_a_missing_program_is_a_failure_of_the_command(isolated: Sandbox) -> None:
    assert run(isolated, "/no/such/program").result.exit_status == 127


def test_a_missing_folder_is_a_failure_of_the_sandbox(isolated: Sandbox, reachable: Path) -> None:
    with pytest.raises(SandboxMissing, match="gone"):
        run(isolated, "/bin/true", read_only={"/src": reachable / "gone"})
