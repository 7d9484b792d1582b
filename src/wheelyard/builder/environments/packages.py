"""Installing Debian packages into a root, by this machine's own apt and the root's own dpkg.

Apt resolves, fetches and verifies outside; dpkg, which runs what packages bring, sees nothing of
the machine but the root, has no network and few rights.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.archives import APT_ENVIRONMENT, network_options
from wheelyard.builder.environments.store import locked
from wheelyard.errors import EnvironmentUnusable, PackagesMissing
from wheelyard.model.environment import DebianPackage

_TIMEOUT = timedelta(minutes=20)
_FRESH = timedelta(days=1)
_CAPABILITIES = (
    *("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID"),
    *("CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT"),
)
"""What dpkg and maintainer scripts need: to give files away, and to become another user."""

LEFT_OUT = "/usr/share/doc/*"
"""What no build reads. (Manuals stay: packages fail that link one into a folder that is gone.)"""

_UNKNOWN = re.compile(
    r"E: (?:Unable to locate package|Package '?|Couldn't find any package)[^\n]*"
    r"|E: Unable to correct problems[^\n]*|E: Packages need to be removed[^\n]*"
)
_UNMET = re.compile(r"^ \S+ : \S.*$", re.MULTILINE)
_STALE = re.compile(r"^E: (?:Failed to fetch|Unable to fetch)", re.MULTILINE)
_NO_SPACE = re.compile(r"No space left on device|You don't have enough free space")
_UNSIGNED = re.compile(
    r"NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|is not signed|signatures? couldn't be verified"
    r"|Sub-process \S*(?:gpgv|sqv) returned|At least one invalid signature"
)
_CHANGED = re.compile(r"Hash Sum mismatch|has unexpected size|File has changed")
_BROKEN = re.compile(r"^dpkg: error processing", re.MULTILINE)
_TOLD = re.compile(
    r"(?:E|W|Err):[^\n]*|^ \S+ : \S.*$|^(?:dpkg|dpkg-deb|update-alternatives): error.*$",
    re.MULTILINE,
)
_SHOWN = 6
_READABLE = 0o755
_MARK = "fetched"
"""The file whose age is that of the lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    """What packages are installed with.

    `cache` keeps lists and packages; `sources` is a sources.list(5); `architecture` is Debian's
    word. `base` is a root in which the same is installed as in the one to be changed: apt reads
    there what that is, for it takes a second to read it anew from a place that it does not know.
    """

    cache: Path
    base: Path
    sources: Path
    architecture: str


def install(
    root: Path,
    packages: Sequence[DebianPackage],
    kitchen: Kitchen,
    *,
    say: Callable[[str], None],
) -> None:
    """Install packages, and what they depend on, into a root that may be written.

    Lists that are older than a day are fetched again first; if that fails, those there must do.

    Raises:
        PackagesMissing: if the archives do not have them, or not all of them together.
        EnvironmentUnusable: if the archives do not answer or lie, or there is no room.
    """
    for name in ("lists/partial", "archives/partial"):
        (kitchen.cache / name).mkdir(parents=True, exist_ok=True)
    with locked(kitchen.cache, wait=True):
        # Apt locks what it keeps itself, but does not wait for others.
        _install(root, packages, kitchen, say=say)


def _install(
    root: Path,
    packages: Sequence[DebianPackage],
    kitchen: Kitchen,
    *,
    say: Callable[[str], None],
) -> None:
    scratch = Path(tempfile.mkdtemp(dir=kitchen.cache, prefix="apt-"))
    # Apt fetches as another user, who must get there.
    scratch.chmod(_READABLE)
    try:
        configuration = scratch / "apt.conf"
        text = apt_configuration(root, kitchen, scratch=scratch) + network_options()
        configuration.write_text(text, encoding="utf-8")
        apt = _Apt(configuration=configuration, scratch=scratch)
        was_fresh = _refresh(apt, kitchen, say=say)
        said = apt.run("install", "--", *packages)
        if said is not None and _STALE.search(said) and was_fresh:
            # A package was replaced in the archive since the lists were fetched.
            (kitchen.cache / _MARK).unlink(missing_ok=True)
            _refresh(apt, kitchen, say=say)
            said = apt.run("install", "--", *packages)
        if said is not None:
            raise apt_error(said, packages)
    finally:
        shutil.rmtree(scratch)


def apt_configuration(root: Path, kitchen: Kitchen, *, scratch: Path) -> str:
    """Return the apt.conf(5) under which the machine's apt works on a root, with its dpkg.

    Nothing of the machine's own configuration is read: its hooks are for its own packages.
    """
    cache = kitchen.cache
    values = {
        "APT::Architecture": kitchen.architecture,
        "APT::Architectures": kitchen.architecture,
        "APT::Cmd::Pattern-Only": "true",
        "APT::Get::Assume-Yes": "true",
        "APT::Get::Remove": "false",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "DPkg::Use-Pty": "false",
        "Dir::Bin::dpkg": shutil.which("bwrap") or "/usr/bin/bwrap",
        "Dir::Cache::archives": f"{cache}/archives",
        "Dir::Cache::pkgcache": f"{cache}/pkgcache.bin",
        "Dir::Cache::srcpkgcache": f"{cache}/srcpkgcache.bin",
        "Dir::Etc::SourceList": str(kitchen.sources),
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::Etc::Trusted": "/dev/null",
        "Dir::Etc::TrustedParts": "/dev/null",
        "Dir::Log": str(scratch),
        "Dir::State::Lists": f"{cache}/lists",
        "Dir::State::extended_states": f"{root}/var/lib/apt/extended_states",
        "Dir::State::status": f"{kitchen.base}/var/lib/dpkg/status",
    }
    lines = [f'{name} "{value}";' for name, value in values.items()]
    words = dpkg_words(root, shown=(cache / "archives", scratch))
    lines += ["DPkg::Options {", *(f'  "{word}";' for word in words), "};"]
    return "\n".join(lines) + "\n"


def dpkg_words(root: Path, *, shown: Sequence[Path]) -> list[str]:
    """Return how bubblewrap is called to run a root's own dpkg, without the word `bwrap`."""
    words = ["--bind", str(root), "/", "--proc", "/proc", "--dev", "/dev"]
    words += ["--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run"]  # noqa: S108 - paths inside
    for folder in shown:
        words += ["--ro-bind", str(folder), str(folder)]
    words += ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session"]
    words += ["--die-with-parent", "--cap-drop", "ALL"]
    for capability in _CAPABILITIES:
        words += ["--cap-add", capability]
    words += ["--chdir", "/", "--", "/usr/bin/dpkg", "--force-unsafe-io"]
    return [*words, f"--path-exclude={LEFT_OUT}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Apt:
    configuration: Path
    scratch: Path

    def run(self, *words: str) -> str | None:
        """Run apt-get; return None if it succeeded, else what it said."""
        environment = APT_ENVIRONMENT | {
            "APT_CONFIG": str(self.configuration),
            "TMPDIR": str(self.scratch),
        }
        completed = process.run(
            ["apt-get", "--quiet", *words], environment=environment, timeout=_TIMEOUT
        )
        if completed.exit_status == 0:
            return None
        return f"{completed.stdout}\n{completed.stderr}"


def _refresh(apt: _Apt, kitchen: Kitchen, *, say: Callable[[str], None]) -> bool:
    """Fetch the lists if they are old; return whether they were fresh already."""
    mark = kitchen.cache / _MARK
    with suppress(FileNotFoundError):
        if mark.stat().st_mtime + _FRESH.total_seconds() > time.time():
            return True
    say("fetching the lists of packages")
    said = apt.run("update", "--error-on=any")
    if said is None:
        mark.touch()
        apt.run("autoclean")
    elif not mark.exists():
        raise apt_error(said, ())
    else:
        say("the archives do not answer as they should; the lists there must do")
    return False


def apt_error(said: str, packages: Sequence[str]) -> EnvironmentUnusable | PackagesMissing:
    """Return the error that apt's words tell of."""
    shown = " ".join(line.strip() for line in _TOLD.findall(said)[:_SHOWN]) or said.strip()[-500:]
    subject = ", ".join(packages) or "the Debian archives"
    if _UNSIGNED.search(said):
        return EnvironmentUnusable(subject, f"The archive has no valid signature: {shown}")
    if _CHANGED.search(said):
        return EnvironmentUnusable(subject, f"The archive sent other bytes than signed: {shown}")
    if _NO_SPACE.search(said):
        return EnvironmentUnusable(subject, f"There is no room left: {shown}")
    if packages and any(rule.search(said) for rule in (_UNKNOWN, _UNMET, _BROKEN)):
        return PackagesMissing(subject, shown)
    return EnvironmentUnusable(subject, shown)
