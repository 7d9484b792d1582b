"""What a signature costs, and how long a mirror takes, over a real socket of one machine.

python bench/mirroring.py [PROJECTS]
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from serving import serving
from wheelyard.client import http_client
from wheelyard.clock import SystemClock
from wheelyard.database.engine import reading
from wheelyard.database.provenance import served_origins
from wheelyard.mirror.copying import Report, mirror
from wheelyard.mirror.origin import Origin
from wheelyard.provenance.signing_key import signing_key
from wheelyard.provenance.statement import statement
from wheelyard.publish.notary import Notary
from yard import Yard, make_yard

_PROJECTS = 300


def main() -> None:
    """Measure, and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _PROJECTS
    with tempfile.TemporaryDirectory() as folder:
        yard = make_yard(Path(folder) / "yard")
        for number in range(count):
            yard.project(f"project{number}")
            yard.publish(f"project{number}")
        _sign(yard, count)
        while yard.publisher.tick():
            pass
        _mirror(yard, Path(folder) / "copy", count)
        yard.engine.dispose()


def _sign(yard: Yard, count: int) -> None:
    key = signing_key(yard.settings.signing_key_file)
    with reading(yard.engine) as connection:
        origins = [origin for _, origin in served_origins(connection, after=0, limit=count)]
    seconds = _timed(
        lambda: [key.sign(statement(each, server_url=yard.settings.server_url)) for each in origins]
    )
    print(f"a statement with its signature: {seconds / count * 1e6:.0f} us")
    notary = Notary(yard.engine, store=yard.store, settings=yard.settings)
    seconds = _timed(notary.attest_all)
    print(f"the same, read from SQLite and flushed to the disk: {seconds / count * 1e3:.2f} ms")
    print(f"finding that it is there already: {_timed(notary.attest_all) / count * 1e6:.0f} us")


def _mirror(yard: Yard, folder: Path, count: int) -> None:
    with (
        serving(yard) as url,
        http_client(contact="measuring", timeout=timedelta(seconds=30)) as client,
    ):

        def run() -> Report:
            origin = Origin(client, url, pause=time.sleep)
            begun = time.perf_counter()
            report = mirror(origin, folder, clock=SystemClock())
            seconds = time.perf_counter() - begun
            print(
                f"{report.projects} of {count} projects, {report.wheels} wheels,"
                f" {report.requests} requests: {seconds:.2f} s"
            )
            return report

        run()
        run()
        yard.decide("project0")
        yard.publisher.tick()
        run()


def _timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
