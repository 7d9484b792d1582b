"""Services: loops round a `tick()`, so that a test can tick once and never sleeps."""

import threading
from typing import Protocol

from wheelyard.errors import Unavailable
from wheelyard.log import get_logger

_log = get_logger("service")
_BUSY_PAUSE_SECONDS = 0.0
_ERROR_PAUSE_SECONDS = 5.0


class Service(Protocol):
    """One loop's work."""

    name: str
    pause_seconds: float
    """How long to rest after a tick that found nothing to do."""

    def tick(self) -> int:
        """Do what there is to do now, and return how many things were done."""
        ...


def run(service: Service, stop: threading.Event) -> None:
    """Tick until told to stop. An error is logged, and the loop goes on after a pause.

    Every exception is caught: a service must outlive bad input, a database that goes away and its
    own mistakes.
    """
    while not stop.is_set():
        try:
            done = service.tick()
        except Unavailable as error:
            _log.warning("tick-unavailable", service=service.name, error=str(error))
            pause = _ERROR_PAUSE_SECONDS
        except Exception:  # noqa: BLE001 - the one place that must outlive everything
            _log.exception("tick-failed", service=service.name)
            pause = _ERROR_PAUSE_SECONDS
        else:
            pause = _BUSY_PAUSE_SECONDS if done else service.pause_seconds
        stop.wait(pause)


def run_all(services: list[Service], stop: threading.Event) -> None:
    """Run several services, a thread each, until told to stop; return when all have ended."""
    threads = [
        threading.Thread(target=run, args=(service, stop), name=service.name)
        for service in services
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
