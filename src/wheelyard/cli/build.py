"""`wheelyard builder`: take jobs from a server and build them on this machine."""

from typing import Annotated

import typer

from wheelyard import log
from wheelyard.builder.agent import run_agent
from wheelyard.cli.signals import stop_on_signals
from wheelyard.settings import load

builder_commands = typer.Typer(help="Run a builder on this machine, or manage builders.")


@builder_commands.callback(invoke_without_command=True)
def builder(
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option(help="Take one job, then end.")] = False,
) -> None:
    """Take jobs from the server that the settings name, until told to stop."""
    if context.invoked_subcommand is not None:
        return
    log.configure()
    raise typer.Exit(run_agent(load(), stop=stop_on_signals(), once=once))


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard builder`."""
    app.add_typer(builder_commands, name="builder")
