"""How many jobs a second go out to builders and come back, over HTTP.

Two web processes on PostgreSQL, eight builders that do nothing but take a job and tell that it
failed. The builders are processes with a socket each that is kept open, so that what is measured
is the server.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from population import NOW, TARGETS, populate
from ports import free_port
from postgres import running_cluster
from wheelyard.database import builders, migrate
from wheelyard.database.engine import connect, writing
from wheelyard.protocol import PREFIX
from wheelyard.web.tokens import hash_token, new_token

BUILDERS = 8
PROCESSES = 2
SECONDS = 8.0
_PROJECTS = 20_000
_START_SECONDS = 30.0


def measure() -> float:
    """Return how many jobs were handed out and finished in a second."""
    tokens = [new_token() for _ in range(BUILDERS)]
    with running_cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        url = cluster.url(cluster.create())
        engine = connect(url)
        migrate.upgrade(engine)
        populate(engine, _PROJECTS)
        with writing(engine) as connection:
            for number, token in enumerate(tokens):
                builders.add_builder(
                    connection,
                    name=f"builder-{number}",
                    token_hash=hash_token(token),
                    targets=frozenset(),
                    at=NOW,
                )
        engine.dispose()
        with _web_processes(url, folder) as ports:
            return _jobs_per_second(ports, tokens)


@contextmanager
def _web_processes(url: str, folder: str) -> Iterator[list[int]]:
    ports = [free_port() for _ in range(PROCESSES)]
    running = []
    try:
        for port in ports:
            settings = {
                "WHEELYARD_DATABASE_URL": url,
                "WHEELYARD_DATA": folder,
                "WHEELYARD_PORT": str(port),
            }
            with (Path(folder) / f"web-{port}.log").open("wb") as log:
                running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "wheelyard", "web"],
                        env={**os.environ, **settings},
                        stdout=log,
                        stderr=log,
                    )
                )
        for port in ports:
            _wait_for(port)
        yield ports
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(20)


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        else:
            return


def _jobs_per_second(ports: list[int], tokens: list[str]) -> float:
    work = [(ports[number % len(ports)], token) for number, token in enumerate(tokens)]
    with get_context("fork").Pool(len(work)) as pool:
        started = time.perf_counter()
        done = pool.starmap(_build, work)
        return sum(done) / (time.perf_counter() - started)


def _build(port: int, token: str) -> int:
    """Take jobs and fail them until the time is over; return how many."""
    claim = json.dumps({"targets": [TARGETS[0].name, TARGETS[2].name], "free_memory_bytes": 2**30})
    finish = json.dumps(
        {
            "failure": {"kind": "compile-error", "message": "gcc rejected it.", "evidence": []},
            "build_seconds": 1.0,
        }
    )
    done = 0
    end_at = time.perf_counter() + SECONDS
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        while time.perf_counter() < end_at:
            lease = json.loads(_post(connection, token, "/claim", claim))
            _post(connection, token, f"/builds/{lease['build_id']}/finish", finish)
            done += 1
    return done


def _post(connection: socket.socket, token: str, path: str, body: str) -> bytes:
    connection.sendall(
        f"POST {PREFIX}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, rest = received.partition(b"\r\n\r\n")
    status, *headers = head.decode("ascii").split("\r\n")
    if " 200 " not in status:
        raise RuntimeError(f"{path}: {status} {rest!r}")
    length = next(
        int(header.partition(":")[2])
        for header in headers
        if header.lower().startswith("content-length:")
    )
    while len(rest) < length:
        rest += connection.recv(65536)
    return rest
