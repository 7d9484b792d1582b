"""A follower as a program of its own, for tests that kill it: `following.py INDEX DATABASE NAME`.

It asks the changelog all the time, and keeps the lead for half a second only.
"""

import sys
import threading
from datetime import timedelta
from unittest.mock import patch

from wheelyard import service
from wheelyard.client import http_client
from wheelyard.clock import SystemClock
from wheelyard.database.engine import connect
from wheelyard.settings import PolicySettings, Settings, UpstreamSettings
from wheelyard.upstream.follower import Follower, configured_sources


def main(index: str, database: str, holder: str) -> None:
    settings = Settings(
        policy=PolicySettings(follow="everything"),
        upstream=UpstreamSettings(
            sources=("changelog",), rss=False, changes_every=timedelta(seconds=0.01)
        ),
    )
    clock = SystemClock()
    with (
        http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client,
        patch("wheelyard.upstream.follower._LEASE", timedelta(seconds=0.5)),
        patch.object(Follower, "pause_seconds", 0.01),
    ):
        sources = configured_sources(settings, client, url=index, clock=clock)
        follower = Follower(
            connect(database), sources, clock=clock, settings=settings, holder=holder
        )
        service.run(follower, threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
