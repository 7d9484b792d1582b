"""The application on a socket."""

import asyncio
import socket
from importlib.util import find_spec

import uvicorn
from fastapi import FastAPI
from uvicorn.config import HTTPProtocolType

from wheelyard.web.state import AppState

_SHUTDOWN_SECONDS = 3
_KEEP_ALIVE_SECONDS = 30


def _protocol(state: AppState) -> "type[asyncio.Protocol] | HTTPProtocolType":
    """Return the protocol that answers remembered pages at once, where it can be had."""
    if find_spec("httptools") is None:
        return "auto"
    from wheelyard.web.direct import direct_protocol  # noqa: PLC0415 - it needs httptools

    return direct_protocol(state)


class WebServer(uvicorn.Server):
    """A uvicorn server that tells waiting builders to go when it stops.

    Without that, a builder that waits for a job would hold up the end until it is cut off.
    """

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self._state: AppState = app.state.wheelyard
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=_protocol(self._state),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything, letting requests end first."""
        self._state.stopping.set()
        await super().shutdown(sockets)
        if self._state.request_log is not None:
            self._state.request_log.flush()
