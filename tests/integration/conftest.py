"""What tests of commands share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Commands, quiet_logs
from yard import make_yard


@pytest.fixture
def wheelyard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Commands]:
    """Yield commands to a server that has one target, and the project spam with two releases."""
    yard = make_yard(tmp_path)
    yard.project(versions=("1.0", "2.0"))
    with quiet_logs(monkeypatch):
        yield Commands(yard, monkeypatch, capsys)
    yard.engine.dispose()
