"""The application on a socket."""

import socket

import uvicorn
from fastapi import FastAPI

from wheelyard.web.state import AppState

_SHUTDOWN_SECONDS = 3
_KEEP_ALIVE_SECONDS = 30


class WebServer(uvicorn.Server):
    """A uvicorn server that tells waiting builders to go when it stops.

    Without that, a builder that waits for a job would hold up the end until it is cut off.
    """

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )
        self._state: AppState = app.state.wheelyard

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything, letting requests end first."""
        self._state.stopping.set()
        await super().shutdown(sockets)
