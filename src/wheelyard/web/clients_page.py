"""The page that says how to configure an installer, for each channel."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.publish.client_lines import client_lines
from wheelyard.publish.selection import PLAIN, overlay_of
from wheelyard.render import render
from wheelyard.web.responses import HTML, Representation, moved, whole_response
from wheelyard.web.state import app_state

_ORDER = ("pip", "uv", "poetry", "pdm", "pipenv")
_TELLING = frozenset({"pip", "uv"})
"""The installers that tell the server on which distribution release they run."""


def clients(request: Request) -> Response:
    """Answer for `/clients`."""
    if request.url.path.endswith("/"):
        return moved(request, "clients")
    state = app_state(request)
    server_url, channels = state.settings.server_url, state.channels.names()
    several = channels if len(channels) > 1 else ()
    shown = {
        tool: {
            index: client_lines(tool, f"{server_url}{overlay_of(index)}/")
            for index in ((PLAIN, *several) if tool in _TELLING or not several else several)
        }
        for tool in _ORDER
    }
    body = render("clients.html", root="", server_url=server_url, shown=shown, several=several)
    return whole_response(request, Representation(body=body, content_type=HTML))


ROUTES = [
    Route("/clients", clients, methods=["GET", "HEAD"]),
    Route("/clients/", clients, methods=["GET", "HEAD"]),
]
"""The routes of the page."""
