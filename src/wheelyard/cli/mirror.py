"""`wheelyard mirror`: copy another wheelyard's index."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from wheelyard import log
from wheelyard.cli.output import AsJson, print_json, print_line
from wheelyard.cli.steps import Steps
from wheelyard.client import http_client
from wheelyard.clock import SystemClock
from wheelyard.mirror.copying import mirror as copy
from wheelyard.mirror.origin import Origin
from wheelyard.settings import load

_FAILED = 3


def mirror(
    url: Annotated[str, typer.Argument(help="The address of a wheelyard.")],
    folder: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    *,
    everything: Annotated[
        bool, typer.Option("--full", help="Look at all projects again, not only at changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy an index: its pages, wheels, metadata and provenance; only what has changed.

    The folder can be served by any web server, or as a store by `wheelyard web`. A run that was
    interrupted is gone on with by the next.
    """
    log.configure()
    settings = load()
    with (
        Steps(quiet=as_json) as steps,
        http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client,
    ):
        report = copy(
            Origin(client, url, pause=time.sleep),
            folder,
            clock=SystemClock(),
            everything=everything,
            on_progress=lambda done, of: steps.say(f"{done} of {of} projects"),
        )
        seconds = timedelta(seconds=round(steps.seconds, 1))
    if as_json:
        print_json(report)
    else:
        print_line(
            f"{report.projects} projects and {report.wheels} wheels were copied, {report.removed}"
            f" wheels and {report.forgotten} projects removed, in {seconds.total_seconds():g}"
            f" seconds; serial {report.serial}."
        )
        if report.pending:
            print_line(f"{report.pending} projects are still to come; the next run tries again.")
        for name, reason in report.failures.items():
            print_line(f"  {name}: {reason}")
    if report.failures:
        raise typer.Exit(_FAILED)


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard mirror`."""
    app.command()(mirror)
