"""Fetching a release's lists with apt, which checks their signatures, sizes and digests.

apt asks only for what has changed, goes on with what was cut off, and takes whichever compression
the archive's signed Release offers; see apt-file(1) for the same way of asking for `Contents`.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.archives import APT_ENVIRONMENT
from wheelyard.errors import ArchiveUnusable, InvalidSetting
from wheelyard.model.environment import EnvironmentName

_HELPER = "/usr/lib/apt/apt-helper"
_TIMEOUT = timedelta(hours=1)
_FORMAT = "$(CREATED_BY)|$(FILENAME)"
_KINDS = ("Contents", "Packages", "Sources")
_SHOWN = 5
_LINE = 1024 * 1024
_UNQUOTABLE = re.compile(r'["\\\n;{}]')
_TOLD = re.compile(r"^(?:E|W|Err[^ ]*): ?.*$", re.MULTILINE)
_FAILED = re.compile(r"^[EW]: Failed to fetch \S*?/dists/([^/\s]+)/", re.MULTILINE)
_LIES = re.compile(
    r"hash sum mismatch|unexpected size|Clearsigned file isn't valid|not signed|NO_PUBKEY|BADSIG"
    r"|signatures? (?:were|was|is) invalid|signatures couldn't be verified",
    re.IGNORECASE,
)
_CONFIGURATION = """\
Dir "{folder}";
Dir::State "state";
Dir::State::status "state/status";
Dir::Cache "cache";
Dir::Etc "etc";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Update::Error-Mode "any";
APT::Get::List-Cleanup "true";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::AllowInsecureRepositories "false";
Acquire::IndexTargets::deb::Contents {{
  MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
  ShortDescription "Contents-$(ARCHITECTURE)";
  Description "$(RELEASE)/$(COMPONENT) Contents-$(ARCHITECTURE)";
  KeepCompressed "true";
}};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """A release's lists, compressed as apt keeps them, and what tells two states of them apart."""

    contents: tuple[Path, ...]
    packages: tuple[Path, ...]
    sources: tuple[Path, ...]
    digest: str


def fetch(environment: EnvironmentName, folder: Path, *, sources: str, network: str) -> Lists:
    """Bring the lists in `folder` up to date and return them.

    `sources` is a sources.list(5) with the keys to trust, `network` lines of an apt.conf(5).

    Raises:
        ArchiveUnusable: if an archive cannot be reached, or sends what was not signed.
        InvalidSetting: if apt could not be told of this folder.
        NotFound: if there is no apt.
    """
    variables = _prepare(environment, folder, sources=sources, network=network)
    updated = process.run(["apt-get", "update"], environment=variables, timeout=_TIMEOUT)
    said = updated.stdout + updated.stderr
    if updated.exit_status != 0 and not lacks_only_updates(said, environment):
        raise archive_error(said)
    told = process.run(
        ["apt-get", "indextargets", "--format", _FORMAT], environment=variables, timeout=_TIMEOUT
    )
    found: dict[str, list[Path]] = {kind: [] for kind in _KINDS}
    for line in told.stdout.splitlines():
        kind, _, name = line.partition("|")
        if kind in found and name:
            found[kind].append(Path(name))
    if not found["Contents"]:
        raise ArchiveUnusable(environment, "It has no Contents file for this architecture")
    contents, packages, source_lists = (tuple(sorted(found[kind])) for kind in _KINDS)
    return Lists(contents=contents, packages=packages, sources=source_lists, digest=_digest(folder))


def archive_error(said: str) -> ArchiveUnusable:
    """Return the error that apt's words tell of."""
    told = list(dict.fromkeys(line.strip() for line in _TOLD.findall(said)))
    shown = " ".join(told[:_SHOWN]) or said.strip()[-500:]
    if _LIES.search(said):
        shown = f"It sent other bytes than the distribution has signed: {shown}"
    return ArchiveUnusable("apt-get update", shown)


def lacks_only_updates(said: str, environment: EnvironmentName) -> bool:
    """Whether all that failed is that lists of updates are not there, as of old releases.

    The release itself has nearly all files. Bytes that were not signed are never passed over.
    """
    suites = set(_FAILED.findall(said))
    return bool(suites) and environment.release not in suites and not _LIES.search(said)


def read_lines(file: Path) -> Iterator[bytes]:
    """Give the lines of a list, whatever it is compressed with; an endless line ends there.

    Raises:
        ArchiveUnusable: if apt cannot read it to its end.
    """
    running = process.start(
        [_HELPER, "cat-file", file], environment=APT_ENVIRONMENT, stdout=process.PIPE
    )
    with closing(running):
        stream = running.stdout
        while stream is not None and (line := stream.readline(_LINE)):
            yield line
        if running.wait(_TIMEOUT) != 0:
            raise ArchiveUnusable(file, "apt cannot read this list")


def _prepare(
    environment: EnvironmentName, folder: Path, *, sources: str, network: str
) -> dict[str, str]:
    """Write apt's configuration into a folder and return the variables that name it."""
    home = folder.absolute()
    if _UNQUOTABLE.search(str(home)):
        raise InvalidSetting(home, "apt cannot be told of a folder with such characters")
    for part in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d"):
        (home / part).mkdir(parents=True, exist_ok=True)
    (home / "state/status").touch()
    (home / "etc/sources.list").write_text(_with_sources(sources), encoding="utf-8")
    text = _CONFIGURATION.format(folder=home, architecture=environment.architecture)
    configuration = home / "etc/apt.conf"
    configuration.write_text(text + network, encoding="utf-8")
    return {**APT_ENVIRONMENT, "APT_CONFIG": str(configuration)}


def _with_sources(text: str) -> str:
    """Return a sources.list(5) that asks for the lists of source packages too."""
    lines = [line for line in text.splitlines() if line.startswith("deb ")]
    return "".join(f"{line}\ndeb-src {line.removeprefix('deb ')}\n" for line in lines)


def _digest(folder: Path) -> str:
    """Return what changes when an archive changes: it signs each of its states anew."""
    digest = hashlib.sha256((folder / "etc/sources.list").read_bytes())
    for file in sorted((folder / "state/lists").glob("*Release")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
