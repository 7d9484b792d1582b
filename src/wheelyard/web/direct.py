"""Remembered answers at the socket: without a task, a coroutine or a layer of the application.

uvicorn makes a task for each request. For a page that is remembered that costs more than all else,
so such a page is written as soon as its request was read.
"""

from typing import cast

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from wheelyard.web.state import AppState


def direct_protocol(state: AppState) -> type[HttpToolsProtocol]:
    """Return the protocol for a server's connections: uvicorn's, with the memory before it."""

    class Direct(HttpToolsProtocol):
        """One client's connection."""

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
            scope = cast("Scope", cycle.scope)
            answer = None
            # Who closes after this answer, or reads too slowly, is left to uvicorn.
            if cycle.keep_alive and not self.flow.write_paused:
                answer = state.memory.answer(scope)
            if answer is None:
                super()._start_asgi_task(cycle, app)
                return
            told = [b"%b: %b\r\n" % pair for pair in cycle.default_headers]
            self.transport.write(b"".join((answer.head, *told, b"\r\n", answer.body)))
            cycle.response_started = cycle.response_complete = True
            if state.request_log is not None:
                state.request_log.note(scope, answer.status)
            cycle.on_response()

    return Direct
