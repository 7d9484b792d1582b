"""`wheelyard environment index`: which Debian package holds which file."""

from pathlib import Path
from typing import Annotated

import typer

from wheelyard.archives import make_sources_list, network_options
from wheelyard.builder.environments.store import Store
from wheelyard.cli.output import AsJson, print_json, print_table
from wheelyard.cli.steps import Steps
from wheelyard.contents.fetching import fetch
from wheelyard.contents.indexing import make_index
from wheelyard.contents.lookup import index_file, open_contents
from wheelyard.errors import ContentsMissing, NotFound
from wheelyard.model.environment import EnvironmentName, parse_environment_name
from wheelyard.settings import Settings, load

_Names = Annotated[
    list[str] | None,
    typer.Argument(help="As in bookworm-armhf; by default all environments of this machine."),
]
_Refresh = Annotated[
    bool, typer.Option("--refresh", help="Ask the archives whether anything has changed.")
]


def index(names: _Names = None, *, refresh: _Refresh = False, as_json: AsJson = False) -> None:
    """Make the index of what Debian's packages hold, from this machine's own archives."""
    settings = load()
    chosen = _chosen(names or [], settings)
    with Steps(quiet=as_json) as steps:
        done = [
            _bring_up_to_date(name, settings.contents, refresh=refresh, steps=steps)
            for name in chosen
        ]
    if as_json:
        print_json({"indexes": done})
        return
    headings = ("environment", "made", "files", "bytes", "path")
    print_table("Indexes", headings, [[one[key] for key in headings] for one in done])


def _chosen(names: list[str], settings: Settings) -> list[EnvironmentName]:
    if names:
        return [parse_environment_name(name) for name in dict.fromkeys(names)]
    found = Store(settings.builder.environment_folder.absolute()).names()
    if not found:
        raise NotFound(
            "environments", "Name one, as in: wheelyard environment index bookworm-amd64"
        )
    return list(found)


def _bring_up_to_date(
    name: EnvironmentName, folder: Path, *, refresh: bool, steps: Steps
) -> dict[str, object]:
    """Make an index that is not there, or with `refresh` one that the archives have outdated."""
    file = index_file(folder, str(name))
    present = _about(folder, name)
    made = False
    if refresh or not present:
        steps.say(f"fetching the lists of {name}")
        lists = fetch(
            name,
            folder / "lists" / str(name),
            sources=make_sources_list(name),
            network=network_options(),
        )
        if present.get("digest") != lists.digest:
            steps.say(f"indexing {name}")
            make_index(lists, file)
            present, made = _about(folder, name), True
    return {
        "environment": str(name),
        "made": made,
        "files": int(present.get("files", 0)),
        "bytes": file.stat().st_size,
        "path": str(file),
    }


def _about(folder: Path, name: EnvironmentName) -> dict[str, str]:
    """Return what an index says of itself; nothing if it is not there or not usable."""
    try:
        with open_contents(folder, str(name)) as contents:
            return contents.about()
    except ContentsMissing:
        return {}
