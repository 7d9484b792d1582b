import io
from datetime import UTC, datetime, timedelta

from packaging.version import Version
from rich.console import Console

from wheelyard.cli.outcomes import Outcome
from wheelyard.cli.progress import PlainProgress, open_progress, outcome_table
from wheelyard.cli.up import install_lines
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import Want

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOSTILE = "[red]bad[/red] \x1b[31m"


def outcome(
    name: str = "foo", state: str = "built", detail: str = "", *, final: bool = True
) -> Outcome:
    return Outcome(
        want=Want(project=parse_project_name(name)),
        state=state,
        detail=detail,
        version=Version("1.0"),
        is_final=final,
        is_satisfied=state == "built",
        since=None if final else NOW - timedelta(seconds=7),
    )


def console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    printed = io.StringIO()
    return Console(file=printed, force_terminal=terminal, width=120), printed


def test_without_a_terminal_each_change_is_one_plain_line() -> None:
    shown, printed = console()
    progress = open_progress(shown)
    for state in ("fetch", "fetch", "build"):
        progress.show([outcome(state=state, final=False)], now=NOW)
    progress.show([outcome(detail=HOSTILE)], now=NOW)
    progress.close()
    assert isinstance(progress, PlainProgress)
    assert printed.getvalue().splitlines()[:3] == [
        "foo==1.0 fetch",
        "foo==1.0 build",
        "foo==1.0 built: [red]bad[/red] \ufffd[31m",
    ]


def test_on_a_terminal_phases_have_their_elapsed_time_and_what_is_done_stays() -> None:
    shown, printed = console(terminal=True)
    progress = open_progress(shown)
    progress.show([outcome(state="build", final=False), outcome("bar")], now=NOW)
    progress.close()
    assert "bar==1.0 built" in printed.getvalue()
    assert "7 s" in printed.getvalue()


def test_the_final_table_has_a_row_for_each_outcome() -> None:
    shown, printed = console()
    shown.print(outcome_table([outcome(), outcome("bar", "failed", "no header")]))
    lines = printed.getvalue().splitlines()
    assert [line.replace("│", "").split() for line in lines[2:]] == [
        ["foo", "1.0", "built"],
        ["bar", "1.0", "failed", "no", "header"],
    ]


def test_the_install_lines_name_what_was_built() -> None:
    lines = install_lines([outcome(), outcome("bar", "covered-upstream")], "http://127.0.0.1:8087/")
    assert lines[1:] == [
        "  pip install --index-url http://127.0.0.1:8087/overlay/simple/ foo==1.0",
        "  uv pip install --default-index http://127.0.0.1:8087/overlay/simple/ foo==1.0",
    ]


def test_when_nothing_was_built_the_index_is_still_named() -> None:
    assert install_lines([outcome(state="failed")], "http://127.0.0.1:1/") == [
        "Nothing was built; the index is at http://127.0.0.1:1/overlay/simple/"
    ]
