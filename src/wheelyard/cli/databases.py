"""`wheelyard database …`: the schema, whether all is well, moving, and what operators did."""

from typing import Annotated

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.context import open_context
from wheelyard.database import audit, migrate
from wheelyard.database.checking import broken_references
from wheelyard.database.copying import TableContents, copy_database
from wheelyard.database.engine import connect, reading
from wheelyard.database.leaders import leading
from wheelyard.errors import Refused
from wheelyard.publish.checking import store_faults
from wheelyard.settings import load

database_commands = typer.Typer(help="Look after the database.", no_args_is_help=True)

_FAULTS_FOUND = 1


@database_commands.command()
def upgrade(*, as_json: AsJson = False) -> None:
    """Bring the database's schema up to date."""
    opened()
    if as_json:
        print_json({"upgraded": True})
    else:
        print_line("The schema is up to date.")


@database_commands.command()
def check(
    *,
    files: Annotated[
        bool, typer.Option("--files", help="Read every wheel and compare its SHA-256.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look whether schema, rows and store agree; the exit code is 1 if they do not."""
    context = open_context(load())
    differences = migrate.differences(context.engine)
    found = [("schema", difference, "") for difference in differences]
    if not differences:
        with reading(context.engine) as connection:
            found += [
                ("reference", one.name, f"{one.rows} rows refer to what is not there")
                for one in broken_references(connection)
            ]
            found += [
                ("store", one.key, one.fault)
                for one in store_faults(connection, context.store, with_digests=files)
            ]
    if as_json:
        faults = [{"kind": kind, "subject": what, "fault": fault} for kind, what, fault in found]
        print_json({"faults": faults})
    elif found:
        print_table("Faults", ("kind", "subject", "fault"), found)
    else:
        print_line("Schema, rows and store agree.")
    raise typer.Exit(_FAULTS_FOUND if found else 0)


@database_commands.command()
def copy(
    url: Annotated[str, typer.Argument(help="An empty database, such as postgresql://…")],
    *,
    as_json: AsJson = False,
) -> None:
    """Copy the whole database to another, and compare both; stop services and web first."""
    context = opened()
    with reading(context.engine) as connection:
        running = leading(connection)
    if running:
        raise Refused(f"services run ({', '.join(running)})", "Stop them, and wait a minute")
    destination = connect(url)
    migrate.upgrade(destination)
    shown = destination.url.render_as_string(hide_password=True)

    def tell(table: TableContents) -> None:
        if not as_json:
            print_line(f"{table.table}: {table.rows} rows, the same on both sides")

    with (
        reading(context.engine) as source,
        audited(context, "database copy", {"url": shown}, engine=destination) as operation,
    ):
        copied = copy_database(source, operation.connection, tell=tell)
        operation.outcome = {"rows": sum(table.rows for table in copied)}
    if as_json:
        print_json({"database": shown, "tables": copied})
    else:
        print_line(f"All is copied. Set database_url to {shown}; the store stays where it is.")


@database_commands.command("audit")
def show_audit(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was done by hand, the latest first."""
    with reading(opened().engine) as connection:
        found = audit.entries(connection, limit=limit)
    if as_json:
        print_json({"entries": found})
        return
    print_table(
        "Done by hand",
        ("when", "who", "command", "arguments", "outcome"),
        [
            (entry.at, entry.actor, entry.command, _pairs(entry.arguments), _pairs(entry.outcome))
            for entry in found
        ],
    )


def _pairs(values: dict[str, object]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard database`."""
    app.add_typer(database_commands, name="database")
