import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from debian_lists import ENVIRONMENT, index_of
from wheelyard.cli.diagnose import diagnose

APP = typer.Typer()
APP.command()(diagnose)


def run(tmp_path: Path, log: str, *options: str) -> str:
    path = tmp_path / "build.log"
    path.write_text(log)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(APP, [str(path), *options])
    assert result.exit_code == 0
    return result.stdout


def test_json_holds_the_causes_with_their_remedies(tmp_path: Path) -> None:
    log = "ModuleNotFoundError: No module named 'pkg_resources'\n"
    assert json.loads(run(tmp_path, log, "--json")) == {
        "causes": [
            {
                "kind": "setuptools-removed",
                "subject": "pkg_resources",
                "evidence": [1],
                "confidence": 0.93,
                "remedy": {
                    "debian": [],
                    "requirements": ["setuptools<81"],
                    "limits": {},
                    "environment": {},
                },
            }
        ]
    }


def test_people_read_a_sentence_and_the_lines_that_show_it(tmp_path: Path) -> None:
    log = "x\na.c:1:10: fatal error: egg.h: No such file or directory\n"
    assert run(tmp_path, log) == (
        "The header egg.h is not there.\n"
        "  missing-header, 93% sure\n"
        "  line 2: a.c:1:10: fatal error: egg.h: No such file or directory\n"
        "  If you know the Debian package that has it, add it to the project's recipe with"
        " wheelyard recipe set.\n"
    )


def test_with_an_environment_the_packages_of_its_distribution_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_of(tmp_path / "contents").close()
    monkeypatch.setenv("WHEELYARD_CONTENTS_FOLDER", str(tmp_path / "contents"))
    log = "a.c:1:10: fatal error: gmp.h: No such file or directory\ncompilation terminated.\n"
    told = json.loads(run(tmp_path, log, "--environment", ENVIRONMENT, "--json"))
    assert told["causes"][0]["remedy"] == {
        "debian": ["libgmp-dev"],
        "requirements": [],
        "limits": {},
        "environment": {},
    }
    assert "install libgmp-dev" in run(tmp_path, log, "--environment", ENVIRONMENT)


def test_markup_and_escapes_of_a_log_are_shown_as_plain_text(tmp_path: Path) -> None:
    log = "\x1b]0;evil\x07[bold]ModuleNotFoundError: No module named 'x'[/bold] [link=x]\n"
    shown = run(tmp_path, log)
    assert "[bold]ModuleNotFoundError" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_a_log_of_a_success_says_so(tmp_path: Path) -> None:
    assert run(tmp_path, "fine\n# exit status 0\n") == "The build succeeded.\n"


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    path.write_bytes(bytes(range(256)) * 100)
    result = CliRunner().invoke(APP, [str(path), "--json"])
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["causes"]) == 1


def test_a_log_may_come_from_standard_input() -> None:
    log = "error: command 'swig' failed: No such file or directory\n"
    result = CliRunner().invoke(APP, ["-", "--json"], input=log)
    assert json.loads(result.stdout)["causes"][0]["subject"] == "swig"
