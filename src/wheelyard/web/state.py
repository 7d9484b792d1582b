"""What the application's end points work with."""

import threading
from dataclasses import dataclass, field

from starlette.requests import Request

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine
from wheelyard.settings import Settings
from wheelyard.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """The parts of the server; `stopping` is set when waiting requests should end."""

    engine: Engine
    store: Store
    settings: Settings
    clock: Clock
    index_url: str
    stopping: threading.Event = field(default_factory=threading.Event)


def app_state(request: Request) -> AppState:
    """Return the state of the application that a request came to."""
    state: AppState = request.app.state.wheelyard
    return state
