"""A yard on a real socket of this machine."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tls import Certificate
from wheelyard.web.server import WebServer
from yard import Yard


@contextmanager
def serving(yard: Yard, *, certificate: Certificate | None = None, port: int = 0) -> Iterator[str]:
    """Serve a yard on a port of this machine, a free one if none is named; stop again.

    With a certificate it is served over TLS.
    """
    server = WebServer(yard.app, host="127.0.0.1", port=port)
    if certificate is not None:
        server.config.ssl_certfile = certificate.file
        server.config.ssl_keyfile = str(certificate.key)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()
