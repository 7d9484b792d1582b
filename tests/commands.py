"""Commands of `wheelyard` as a person gives them, run in this process on a small server."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from wheelyard import log
from wheelyard.cli import main
from yard import SERVER_URL, Yard


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """What it printed, which must be one JSON document."""
        return json.loads(self.output)


class Commands:
    """Gives commands to the server that a yard is."""

    def __init__(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.yard = yard
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(yard.folder)
        self.set(
            DATA=str(yard.folder),
            DATABASE_URL=f"sqlite:///{yard.folder / 'yard.sqlite'}",
            STORE_URL=f"file://{yard.folder / 'store'}",
            PUBLIC_URL=SERVER_URL,
        )

    def set(self, **settings: str) -> None:
        """Change settings."""
        for name, value in settings.items():
            self._monkeypatch.setenv(f"WHEELYARD_{name}", value)

    def __call__(self, *words: str) -> Answer:
        """Run one command."""
        self._monkeypatch.setattr(sys, "argv", ["wheelyard", *words])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        printed = self._capsys.readouterr()
        code = end.value.code
        return Answer(code if isinstance(code, int) else 0, printed.out, printed.err)

    def json(self, *words: str) -> Any:  # noqa: ANN401 - any JSON
        """Run one command that ends well, and return the document that it prints."""
        answer = self(*words, "--json")
        assert answer.exit_code == 0, answer.errors
        return answer.document


@contextmanager
def quiet_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep commands from setting up logs for the whole process, which other tests share."""
    monkeypatch.setattr(log, "configure", lambda **_: None)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.reset_defaults()
