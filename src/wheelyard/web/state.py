"""What the application's end points work with."""

import threading
from dataclasses import dataclass, field

from starlette.requests import Request

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine
from wheelyard.model.builder import Builder
from wheelyard.settings import Settings
from wheelyard.storage.store import Store
from wheelyard.web.allowance import Allowance
from wheelyard.web.channels import ActiveChannels
from wheelyard.web.page_memory import PageMemory
from wheelyard.web.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class KnownBuilder:
    """A builder as it was found on record, and when, in seconds of the monotonic clock."""

    builder: Builder
    looked_up_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """The parts of the server; `stopping` is set when waiting requests should end.

    `requests` bounds what visitors may ask for. `request_log` is None where the web process keeps
    none. `known_builders` are the builders that were seen last, by the hashes of their tokens.
    """

    engine: Engine
    store: Store
    settings: Settings
    clock: Clock
    index_url: str
    channels: ActiveChannels
    memory: PageMemory
    request_log: RequestLog | None
    requests: Allowance
    stopping: threading.Event = field(default_factory=threading.Event)
    known_builders: dict[str, KnownBuilder] = field(default_factory=dict)


def app_state(request: Request) -> AppState:
    """Return the state of the application that a request came to."""
    state: AppState = request.app.state.wheelyard
    return state
