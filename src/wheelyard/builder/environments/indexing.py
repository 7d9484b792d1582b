"""Fetching the lists of Debian's archives that indexes of packages are made from.

The machine's own apt does it, in folders of ours: it checks signatures, sizes and hashes, asks
only for what has changed, and goes on where a download broke off.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.builder.environments.archive import (
    APT_ENVIRONMENT,
    make_sources_list,
    network_options,
)
from wheelyard.builder.environments.packages import apt_error
from wheelyard.builder.environments.store import locked
from wheelyard.contents.build import Indexed, build_index
from wheelyard.contents.lookup import index_path
from wheelyard.model.environment import EnvironmentName

_HELPER = "/usr/lib/apt/apt-helper"
_TIMEOUT = timedelta(minutes=30)
_SHORT = timedelta(seconds=60)
_TARGETS = """
Acquire::IndexTargets {
  deb::Contents-deb {
    MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
    ShortDescription "Contents-$(ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents";
    flatMetaKey "Contents-$(ARCHITECTURE)"; flatDescription "$(RELEASE) Contents";
    PDiffs "false"; KeepCompressed "true"; DefaultEnabled "true";
  };
  deb::Translations { DefaultEnabled "false"; };
  deb::Packages { DefaultEnabled "false"; };
};
"""
"""What apt fetches, as its manual says in `acquire-additional-files`."""


def index_environment(
    name: EnvironmentName, folder: Path, *, made_at: datetime, say: Callable[[str], None]
) -> Indexed:
    """Make the index of an environment's packages, or bring it up to date, in `folder`.

    Raises:
        EnvironmentUnusable: if the archives cannot be reached or cannot be trusted.
        NotFound: if there is no apt.
    """
    home = folder / "apt" / str(name)
    home.mkdir(parents=True, exist_ok=True)
    with locked(home, wait=True):
        options = _configure(name, home)
        say("fetching the lists of the archives")
        _update(options)
        contents = _files(options, "Contents-deb")
        sources = _files(options, "Sources")
        say(f"indexing {len(contents)} lists of files and {len(sources)} of sources")
        return build_index(
            index_path(folder, str(name)),
            contents=_lines(options, contents),
            sources=_lines(options, sources),
            made_at=made_at,
        )


def _configure(name: EnvironmentName, home: Path) -> list[str]:
    """Write what this apt goes by; return the words that every call of it begins with."""
    for place in ("state/lists/partial", "cache/archives/partial", "parts"):
        (home / place).mkdir(parents=True, exist_ok=True)
    binary = make_sources_list(name)
    source = "".join(f"deb-src{line.removeprefix('deb')}\n" for line in binary.splitlines())
    (home / "sources.list").write_text(binary + source, encoding="utf-8")
    (home / "status").write_text("", encoding="utf-8")
    file = home / "apt.conf"
    file.write_text(
        f'Dir::Etc::SourceList "{home}/sources.list";\nDir::Etc::SourceParts "{home}/parts";\n'
        f'Dir::State "{home}/state";\nDir::State::status "{home}/status";\n'
        f'Dir::Cache "{home}/cache";\nDir::Etc::Parts "{home}/parts";\n'
        f'APT::Architecture "{name.architecture}";\n'
        f'APT::Architectures {{ "{name.architecture}"; }};\n'
        'APT::Sandbox::User "root";\n#clear APT::Update::Post-Invoke;\n'
        "#clear APT::Update::Post-Invoke-Success;\n#clear APT::Update::Pre-Invoke;\n"
        f"{network_options()}{_TARGETS}",
        encoding="utf-8",
    )
    return [f"--config-file={file}"]


def _update(options: Sequence[str]) -> None:
    completed = process.run(
        ["apt-get", *options, "--error-on=any", "update"],
        environment=APT_ENVIRONMENT,
        timeout=_TIMEOUT,
    )
    if completed.exit_status != 0:
        raise apt_error(f"{completed.stdout}\n{completed.stderr}", ())


def _files(options: Sequence[str], kind: str) -> list[str]:
    completed = process.run(
        ["apt-get", *options, "indextargets", "--format", "$(FILENAME)", f"Created-By: {kind}"],
        environment=APT_ENVIRONMENT,
        timeout=_SHORT,
    )
    return sorted(line for line in completed.stdout.splitlines() if line)


def _lines(options: Sequence[str], files: Sequence[str]) -> Iterator[str]:
    """Yield the lines of lists, however apt keeps them compressed."""
    for file in files:
        running = process.start(
            [_HELPER, *options, "cat-file", file],
            environment=APT_ENVIRONMENT,
            stdout=process.PIPE,
            stderr=process.DEVNULL,
        )
        with closing(running):
            for line in running.stdout or ():
                yield line.decode(errors="replace")
        yield "\n"
