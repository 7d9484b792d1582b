import json
import os
from pathlib import Path

import pytest

from sandboxes import reachable_folder
from wheelyard.builder import privileged
from wheelyard.builder.environments import running
from wheelyard.builder.privileged import checked_folder
from wheelyard.errors import InvalidSetting


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    assert privileged.main(arguments) != 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileged, "require_root", lambda: None)
    monkeypatch.setattr(privileged, "_ENDING", ())


@pytest.mark.parametrize(
    "text",
    ["", "relative", "/var/../etc", "/var/tmp/a,b", "/var/tmp/a b", "/var/tmp/a:b", '/var/"x'],
)
def test_a_folder_that_could_mean_something_else_to_mount_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match="plain absolute path"):
        checked_folder(text)


def test_a_folder_that_others_may_write_is_refused() -> None:
    with reachable_folder() as folder:
        inner = folder / "environments"
        inner.mkdir()
        folder.chmod(0o777)
        with pytest.raises(InvalidSetting, match=f"{folder}. Others than root may write"):
            checked_folder(str(inner))
        folder.chmod(0o711)
        assert checked_folder(str(inner)) == inner


def test_a_folder_of_somebody_else_is_refused() -> None:
    with reachable_folder() as folder:
        os.chown(folder, 12345, 12345)
        with pytest.raises(InvalidSetting, match="Others than root"):
            checked_folder(str(folder))


def test_a_link_on_the_way_is_refused(tmp_path: Path) -> None:
    with reachable_folder() as folder:
        (folder / "link").symlink_to(tmp_path)
        with pytest.raises(InvalidSetting, match="It is no folder"):
            checked_folder(str(folder / "link"))


def test_names_are_checked_before_anything_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with reachable_folder() as folder:
        assert answer(capsys, str(folder), "../etc")["error"] == "InvalidName"
        assert answer(capsys, str(folder), "bookworm-amd64", "x;rm -rf /")["error"] == "InvalidName"
        many = [f"package{number}" for number in range(privileged.MAX_PACKAGES + 1)]
        assert answer(capsys, str(folder), "bookworm-amd64", *many)["error"] == "InvalidSetting"
        assert list(folder.iterdir()) == []


def test_an_environment_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with reachable_folder() as folder:
        found = answer(capsys, str(folder), "bookworm-amd64")

    assert found == {
        "error": "UnknownEnvironment",
        "subject": "bookworm-amd64",
        "advice": "Make it: wheelyard environment create bookworm-amd64",
    }


def test_the_helper_does_nothing_for_others_than_root(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privileged, "require_root", running.require_root)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert answer(capsys, "/var/tmp", "bookworm-amd64")["error"] == "RootNeeded"
