"""A cache's purge hook on a real socket."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class PurgeHook:
    """Takes down the URLs that it is told of, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.urls: list[str] = []
        self.requests = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.requests += 1
                hook.urls += json.loads(body)["urls"]
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/purge"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
