import threading

import pytest

from wheelyard import service
from wheelyard.errors import DatabaseUnavailable


class Countdown:
    """A service that does what it is told at each tick, then stops the loop."""

    name = "countdown"
    pause_seconds = 0.0

    def __init__(self, stop: threading.Event, results: list[int | Exception]) -> None:
        self.stop = stop
        self.results = results

    def tick(self) -> int:
        result = self.results.pop(0)
        if not self.results:
            self.stop.set()
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_ERROR_PAUSE_SECONDS", 0.0)


def test_a_service_goes_on_after_every_kind_of_error() -> None:
    stop = threading.Event()
    countdown = Countdown(stop, [1, DatabaseUnavailable("gone"), ValueError("a mistake"), 0, 1])
    service.run(countdown, stop)
    assert countdown.results == []


def test_several_services_run_until_all_are_told_to_stop() -> None:
    stop = threading.Event()
    first, second = Countdown(threading.Event(), [1, 1]), Countdown(stop, [0, 0, 0])
    first.results = [0] * 10_000
    service.run_all([first, second], stop)
    assert second.results == []
