import os
from pathlib import Path

import pytest

from wheelyard.builder.environments import running
from wheelyard.errors import EnvironmentUnusable, RootNeeded
from wheelyard.model.environment import parse_environment_name

ARM = "7f454c4601010100000000000000000002002800"


def register(
    folder: Path, *, flags: str = "POCF", magic: str = ARM, state: str = "enabled"
) -> None:
    (folder / "qemu-arm").write_text(
        f"{state}\ninterpreter /usr/libexec/qemu-arm\nflags: {flags}\noffset 0\n"
        f"magic {magic}\nmask ffffff\n"
    )


def test_an_architecture_with_a_registered_emulator_is_emulated(tmp_path: Path) -> None:
    register(tmp_path)

    assert running.is_emulated("armhf", tmp_path)
    assert not running.is_emulated("arm64", tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"flags": "POC"}, {"state": "disabled"}, {"magic": "7f45"}, {"magic": "no number"}],
)
def test_an_emulator_that_would_not_work_inside_a_root_does_not_count(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    register(tmp_path, **wrong)

    assert not running.is_emulated("armhf", tmp_path)


def test_where_nothing_is_mounted_nothing_is_emulated(tmp_path: Path) -> None:
    assert not running.is_emulated("armhf", tmp_path / "missing")


def test_a_missing_emulator_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "is_native", lambda _: False)
    monkeypatch.setattr(running, "is_emulated", lambda _: False)

    with pytest.raises(EnvironmentUnusable, match="apt-get install qemu-user-static"):
        running.require_runnable(parse_environment_name("bookworm-armhf"))


def test_who_is_not_root_is_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(RootNeeded, match="sudo"):
        running.require_root()
