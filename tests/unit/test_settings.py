from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.errors import InvalidSetting
from wheelyard.model.build import Limits
from wheelyard.model.target import target_from_name
from wheelyard.settings import LimitsSettings, load


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_a_default_for_everything() -> None:
    assert load().port == 8087
    assert load().limits.limits() == Limits()


def test_the_file_is_read_and_the_environment_wins_over_it(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "wheelyard.toml").write_text('port = 1\nhost = "::1"\n[queue]\nlease = 9\n')
    monkeypatch.setenv("WHEELYARD_PORT", "2")
    monkeypatch.setenv("WHEELYARD_QUEUE__MAX_ATTEMPTS", "3")
    settings = load()
    assert (settings.port, settings.host) == (2, "::1")
    assert settings.queue.lease == timedelta(seconds=9)
    assert settings.queue.max_attempts == 3


def test_arguments_win_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELYARD_PORT", "2")
    assert load(port=3).port == 3


@pytest.mark.parametrize(
    "text", ["prot = 1", "[queue]\nleese = 1", "port = 'many'", "port = 99999", "not toml"]
)
def test_what_is_wrong_in_the_file_is_refused(empty_folder: Path, text: str) -> None:
    (empty_folder / "wheelyard.toml").write_text(text)
    with pytest.raises(InvalidSetting):
        load()


def test_the_message_names_the_unknown_key(empty_folder: Path) -> None:
    (empty_folder / "wheelyard.toml").write_text("[limits]\nmemroy_bytes = 1")
    with pytest.raises(InvalidSetting, match=r"limits\.memroy_bytes"):
        load()


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELYARD_PROT", "1")
    with pytest.raises(InvalidSetting, match="WHEELYARD_PROT"):
        load()


def test_a_file_that_is_named_and_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELYARD_SETTINGS", "nowhere.toml")
    with pytest.raises(InvalidSetting, match=r"nowhere\.toml"):
        load()


def test_limits_are_settable() -> None:
    assert LimitsSettings(processes=7).limits().processes == 7


def test_a_release_of_the_settings_is_known_to_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wheelyard.model.target.GLIBC_OF_CHANNEL", {})

    load(releases={"duke": "2.44"})

    assert target_from_name("duke-cp315-armv7l").glibc == (2, 44)
    with pytest.raises(InvalidSetting, match="releases"):
        load(releases={"Duke!": "2.44"})
