"""`wheelyard services`: everything that a server does by itself."""

import typer

from wheelyard import log, service
from wheelyard.cli.signals import stop_on_signals
from wheelyard.client import http_client
from wheelyard.context import open_context, own_requests
from wheelyard.database import migrate
from wheelyard.downloads import sources as logs
from wheelyard.downloads.ingest import Counting
from wheelyard.publish.failures import FailurePages
from wheelyard.publish.notary import Notary
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.purge import Purge
from wheelyard.publish.statistics import StatisticsPages
from wheelyard.queue.healing import Healing
from wheelyard.queue.maintenance import Maintenance
from wheelyard.queue.scheduler import Scheduler
from wheelyard.settings import load
from wheelyard.upstream.follower import Follower, configured_sources
from wheelyard.upstream.index import Upstream, default_index_url
from wheelyard.upstream.reader import Reader


def services() -> None:
    """Follow upstream, plan, expire leases, write pages, count downloads, until told to stop."""
    log.configure()
    settings = load()
    context = open_context(settings)
    migrate.upgrade(context.engine)
    Notary(context.engine, store=context.store, settings=settings).publish_key()
    stop = stop_on_signals()
    with http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client:
        url = settings.upstream.url or default_index_url()
        upstream = Upstream(client, url, clock=context.clock)
        sources = configured_sources(settings, client, url=url, clock=context.clock)
        purge = (
            Purge(client, settings.publish.purge_url, server_url=settings.server_url)
            if settings.publish.purge_url
            else None
        )
        service.run_all(
            [
                Follower(context.engine, sources, clock=context.clock, settings=settings),
                Reader(context.engine, upstream, clock=context.clock, settings=settings),
                Scheduler(context.engine, clock=context.clock, policy=settings.policy),
                Maintenance(
                    context.engine, store=context.store, clock=context.clock, settings=settings
                ),
                Healing(
                    context.engine, store=context.store, clock=context.clock, settings=settings
                ),
                Publisher(
                    context.engine,
                    store=context.store,
                    clock=context.clock,
                    settings=settings,
                    purge=purge,
                    upstream=url,
                ),
                StatisticsPages(
                    context.engine,
                    store=context.store,
                    clock=context.clock,
                    settings=settings.downloads,
                    server_url=settings.server_url,
                ),
                FailurePages(context.engine, store=context.store, server_url=settings.server_url),
                Counting(
                    context.engine,
                    logs.configured_sources(
                        settings.downloads, own=own_requests(settings), clock=context.clock
                    ),
                    clock=context.clock,
                    settings=settings,
                ),
            ],
            stop,
        )


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard services`."""
    app.command()(services)
