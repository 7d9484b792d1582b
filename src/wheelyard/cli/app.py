"""The program `wheelyard`: its commands, and how its errors are shown."""

import sys
from importlib.util import find_spec

import typer

from wheelyard.cli.build import builder_commands
from wheelyard.cli.diagnose import diagnose
from wheelyard.errors import WheelyardError

app = typer.Typer(
    help="Follow a package index, build the wheels that it lacks, and serve them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(builder_commands, name="builder")
app.command()(diagnose)

# A builder on a bare board has none of the server's libraries, and needs none of its commands.
if find_spec("sqlalchemy") is not None:
    from wheelyard.cli.serve import services, web
    from wheelyard.cli.show import database_commands, project_commands
    from wheelyard.cli.tokens import token
    from wheelyard.cli.up import up

    app.command()(up)
    app.command()(web)
    app.command()(services)
    app.add_typer(project_commands, name="project")
    app.add_typer(database_commands, name="database")
    builder_commands.command()(token)


def main() -> None:
    """Run the command line; an error of ours is one line on standard error and an exit code."""
    try:
        app()
    except WheelyardError as error:
        print(f"wheelyard: {error}", file=sys.stderr)  # noqa: T201 - this is for a person
        raise SystemExit(error.exit_code) from None
