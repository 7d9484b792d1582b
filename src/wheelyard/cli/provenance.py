"""`wheelyard provenance`: the server's signing key, and statements about older wheels."""

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, print_json, print_line
from wheelyard.context import Context
from wheelyard.publish.notary import Notary

provenance_commands = typer.Typer(
    help="Sign where wheels come from, with the server's own key.", no_args_is_help=True
)


@provenance_commands.command("key")
def show_key(*, as_json: AsJson = False) -> None:
    """Show the id of the key that signs now, made and published if there was none."""
    context = opened()
    identity = _notary(context).publish_key()
    file = context.settings.signing_key_file
    if as_json:
        print_json({"keyid": identity, "file": str(file)})
    else:
        print_line(f"{identity} in {file}")


@provenance_commands.command("rotate")
def rotate_key(*, as_json: AsJson = False) -> None:
    """Sign with a new key from now on; the old public keys stay published."""
    context = opened()
    with audited(context, "provenance rotate", {}) as operation:
        identity = _notary(context).rotate()
        operation.outcome["keyid"] = identity
    if as_json:
        print_json({"keyid": identity})
    else:
        print_line(f"From now on {identity} signs.")


@provenance_commands.command("complete")
def complete(*, as_json: AsJson = False) -> None:
    """Sign what is missing beside wheels that are served; doing it again does nothing."""
    added = _notary(opened()).attest_all()
    if as_json:
        print_json({"added": added})
    else:
        print_line(f"{added} statements were missing and are there now.")


def _notary(context: Context) -> Notary:
    return Notary(context.engine, store=context.store, settings=context.settings)


def add_to(app: typer.Typer) -> None:
    """Add the group `wheelyard provenance`."""
    app.add_typer(provenance_commands, name="provenance")
