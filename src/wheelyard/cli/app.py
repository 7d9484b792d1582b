"""The program `wheelyard`: its commands, and how its errors are shown."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import typer

from wheelyard.errors import WheelyardError

_MODULES = {
    ("up",): "up",
    ("web",): "web",
    ("services",): "services",
    ("builder",): "build",
    ("builder", "list"): "builders",
    ("builder", "token"): "builders",
    ("builder", "drain"): "builders",
    ("builder", "resume"): "builders",
    ("builder", "remove"): "builders",
    ("project",): "projects",
    ("release",): "releases",
    ("queue",): "queue",
    ("target",): "targets",
    ("upstream",): "upstream",
    ("database",): "databases",
    ("stats",): "stats",
    ("downloads",): "downloads",
    ("diagnose",): "diagnose",
    ("environment",): "environments",
    ("recipe",): "recipes",
    ("failure",): "failures",
    ("reproduce",): "reproduce",
    ("certify",): "certify",
    ("verify",): "verify",
    ("provenance",): "provenance",
    ("webserver-config",): "webserver",
    ("mirror",): "mirror",
    ("client-config",): "clients",
    ("check",): "check",
}
"""Which module of this package brings which command, by the words that it is called with."""

_FOR_BUILDERS = frozenset({"build", "certify", "check", "diagnose", "environments", "verify"})
"""The modules that need none of the server's libraries, which a bare board does not have."""


def main() -> None:
    """Run the command line; an error of ours is one line on standard error and an exit code."""
    try:
        _app(sys.argv[1:])()
    except WheelyardError as error:
        print(f"wheelyard: {error}", file=sys.stderr)  # noqa: T201 - this is for a person
        raise SystemExit(error.exit_code) from None


def _app(arguments: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        help="Follow a package index, build the wheels that it lacks, and serve them.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # Its own entry, so that a single command keeps its name.
    app.callback()(_describe)
    for name in modules_for(arguments):
        import_module(f"wheelyard.cli.{name}").add_to(app)
    return app


def _describe() -> None:
    """Follow a package index, build the wheels that it lacks, and serve them."""


def modules_for(arguments: Sequence[str]) -> list[str]:
    """Return the modules that a command line needs: all of them only where it names no command.

    Loading everything takes seconds on a small board.
    """
    words = tuple(word for word in arguments if not word.startswith("-"))[:2]
    asked = [module for path, module in _MODULES.items() if words[: len(path)] == path]
    there = _MODULES.values() if find_spec("sqlalchemy") else _FOR_BUILDERS
    wanted = asked or there
    # In the table's order: a group is there before what is added to it.
    return [name for name in dict.fromkeys(_MODULES.values()) if name in wanted]
