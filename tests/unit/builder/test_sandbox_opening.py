from pathlib import Path

import pytest

from wheelyard.builder.sandbox import opening
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.errors import SandboxMissing
from wheelyard.settings import BuilderSettings, Settings


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder that programs are looked for in."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def write_program(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_bubblewrap_is_the_default_and_works_here() -> None:
    assert open_sandbox(Settings()).name == "bubblewrap"


def test_no_isolation_is_given_only_if_asked_for() -> None:
    settings = Settings(builder=BuilderSettings(sandbox="plain"))

    assert open_sandbox(settings).name == "plain"


def test_a_missing_launcher_is_said_with_what_to_install(programs: Path) -> None:
    with pytest.raises(SandboxMissing, match=r"setpriv.*apt-get install bubblewrap util-linux"):
        open_sandbox(Settings())

    assert list(programs.iterdir()) == []


def test_a_missing_bubblewrap_is_said_with_what_to_install(programs: Path) -> None:
    write_program(
        programs, "setpriv", "echo setpriv: failed to execute bwrap: No such file; exit 1"
    )

    with pytest.raises(SandboxMissing, match="apt-get install bubblewrap"):
        open_sandbox(Settings())


def test_a_bubblewrap_that_cannot_work_is_said_in_its_own_words(programs: Path) -> None:
    words = "bwrap: setting up uid map: Permission denied"
    write_program(programs, "setpriv", f"echo '{words}'; exit 1")

    with pytest.raises(SandboxMissing, match=f"{words}.*'plain' does without isolation"):
        open_sandbox(Settings())


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("unprivileged_userns_clone=0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            "apparmor_restrict_unprivileged_userns=1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("unprivileged_userns_clone=1", "User namespaces seem to be forbidden"),
    ],
)
def test_what_forbids_namespaces_is_named(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, setting: str, advice: str
) -> None:
    name, _, value = setting.partition("=")
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / name).write_text(f"{value}\n")
    monkeypatch.setattr(opening, "_SWITCHES", tmp_path)
    write_program(programs, "setpriv", "exit 1")

    with pytest.raises(SandboxMissing, match=advice):
        open_sandbox(Settings())
