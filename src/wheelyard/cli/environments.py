"""`wheelyard environment …`: the systems that builds run in, on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from wheelyard import log
from wheelyard.builder.environments import checking
from wheelyard.builder.environments.importing import import_root
from wheelyard.builder.environments.making import create as make_environment
from wheelyard.builder.environments.running import require_root
from wheelyard.builder.environments.store import Store, Version
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.cli.environment_index import index
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.cli.steps import Steps
from wheelyard.errors import EnvironmentUnusable, InvalidSetting, WheelyardError
from wheelyard.model.environment import EnvironmentName, parse_environment_name
from wheelyard.settings import load

environment_commands = typer.Typer(
    help="Make and look after the systems that builds run in, on this machine.",
    no_args_is_help=True,
)
_Name = Annotated[str, typer.Argument(help="Release and architecture, as in bookworm-armhf.")]
_Tarball = Annotated[
    Path | None,
    typer.Option(help="Take over a root: a tarball of one, or a folder (a mounted image)."),
]

_LeaveOut = Annotated[
    list[str] | None,
    typer.Option(help="Leave a suite of the archives out (bookworm-security); may be repeated."),
]


def create(
    name: _Name,
    *,
    from_tarball: _Tarball = None,
    leave_out: _LeaveOut = None,
    as_json: AsJson = False,
) -> None:
    """Make an environment from this machine's own Debian archives, or from a tarball."""
    parsed, store = parse_environment_name(name), _store()
    if store.has(parsed):
        advice = f"It is there; make it anew: wheelyard environment update {name}"
        raise EnvironmentUnusable(name, advice)
    _make(store, parsed, from_tarball, leave_out=leave_out or (), as_json=as_json)


def update(
    name: _Name,
    *,
    from_tarball: _Tarball = None,
    leave_out: _LeaveOut = None,
    as_json: AsJson = False,
) -> None:
    """Make an environment anew and put it in place of the old one; running builds keep theirs."""
    parsed, store = parse_environment_name(name), _store()
    if not (store.folder / str(parsed)).is_dir():
        store.current(parsed)
    if from_tarball is None and store.has(parsed):
        _require_archive(store, parsed)
    _make(store, parsed, from_tarball, leave_out=leave_out or (), as_json=as_json)


def _require_archive(store: Store, name: EnvironmentName) -> None:
    """Refuse to put Debian's own root in place of one that somebody has brought."""
    try:
        origin = store.current(name).manifest.origin
    except EnvironmentUnusable:
        return
    if origin != "archive":
        advice = "It was taken over from elsewhere; say from where again: --from-tarball"
        raise EnvironmentUnusable(name, advice)


def _make(
    store: Store,
    name: EnvironmentName,
    from_tarball: Path | None,
    *,
    leave_out: Sequence[str],
    as_json: bool,
) -> None:
    if not name.is_from_archive and from_tarball is None:
        advice = "Debian's archives have no such variant; take one over: --from-tarball"
        raise EnvironmentUnusable(name, advice)
    if leave_out and from_tarball is not None:
        raise InvalidSetting("--leave-out", "A root that is taken over has what it has")
    with Steps(quiet=as_json) as steps:
        if from_tarball is None:
            version = make_environment(store, name, say=steps.say, leave_out=leave_out)
        else:
            version = import_root(store, name, from_tarball, say=steps.say)
    _tell(version, seconds=steps.seconds, as_json=as_json)


def _tell(version: Version, *, seconds: float, as_json: bool) -> None:
    manifest = version.manifest
    if as_json:
        print_json(_summary(version))
        return
    packages = len(manifest.packages)
    print_line(
        f"{manifest.environment}: {packages} packages, Python {manifest.python},"
        f" glibc {manifest.glibc}, made in {seconds:.0f} s"
    )


def _summary(version: Version) -> dict[str, object]:
    manifest = version.manifest
    return {
        "environment": manifest.environment,
        "origin": manifest.origin,
        "created_at": manifest.created_at,
        "python": manifest.python,
        "glibc": manifest.glibc,
        "packages": len(manifest.packages),
        "digest": manifest.digest,
        "root": str(version.root),
    }


def list_environments(*, as_json: AsJson = False) -> None:
    """List the environments of this machine."""
    store = _store()
    found: list[dict[str, object]] = []
    for name in store.names():
        try:
            found.append(_summary(store.current(name)))
        except WheelyardError as error:
            found.append({"environment": str(name), "problem": str(error)})
    if as_json:
        print_json({"environments": found})
        return
    headings = ("environment", "python", "glibc", "packages", "created_at", "problem")
    print_table("Environments", headings, [[one.get(key) for key in headings] for one in found])


def show(name: _Name, *, as_json: AsJson = False) -> None:
    """Show what an environment is made of: its packages with their versions."""
    version = _store().current(parse_environment_name(name))
    packages = version.manifest.packages
    if as_json:
        print_json({**_summary(version), "packages": packages})
        return
    for key, value in _summary(version).items():
        print_line(f"{key}: {value}")
    rows = [(item.name, item.architecture, item.version) for item in packages]
    print_table("Packages", ("package", "architecture", "version"), rows)


def remove(name: _Name, *, as_json: AsJson = False) -> None:
    """Remove an environment, with the packages that were fetched for it."""
    require_root()
    parsed = parse_environment_name(name)
    _store().remove(parsed)
    if as_json:
        print_json({"environment": str(parsed), "removed": True})
    else:
        print_line(f"{parsed} is removed.")


def check(name: _Name, *, as_json: AsJson = False) -> None:
    """Check that an environment is whole, and that builds can work in it."""
    parsed = parse_environment_name(name)
    log.configure()
    sandbox = open_sandbox(load())
    with _store().using(parsed) as version:
        checks = checking.check(parsed, version, sandbox)
    problems = [item for item in checks if item.problem]
    if as_json:
        print_json({"environment": str(parsed), "checks": checks, "ok": not problems})
    else:
        rows = [(item.name, "no" if item.problem else "yes", item.problem) for item in checks]
        print_table(str(parsed), ("check", "passed", "problem"), rows)
    raise typer.Exit(1 if problems else 0)


def _store() -> Store:
    return Store(load().builder.environment_folder.absolute())


for _name, _command in (
    ("create", create),
    ("list", list_environments),
    ("show", show),
    ("update", update),
    ("remove", remove),
    ("check", check),
    ("index", index),
):
    environment_commands.command(_name)(_command)


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard environment`."""
    app.add_typer(environment_commands, name="environment")
