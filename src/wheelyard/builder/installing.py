"""The installers that fill a build environment, uv or pip, and what they say when they cannot."""

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wheelyard import process
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.target import Target, platform_tags

_INSTALL_TIMEOUT = timedelta(minutes=10)
_CHECK_EVERY = timedelta(seconds=0.25)
_PASSED_ON = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_NEWEST_PLATFORM_OF_UV = (2, 40)
_PLATFORMS_OF_UV = frozenset({"x86_64", "aarch64"})
_UNREACHABLE = re.compile(
    r"error sending request|failed to fetch|request failed|timed out|readtimeout|dns error"
    r"|connection (?:error|broken|refused|reset)|max retries exceeded"
    r"|could not be queried|unexpected (?:json|html)"
    r"|returned a (?:403|401)|jsondecodeerror|could not fetch url \S+ (?!404)"
    r"|status (?:client|server) error \((?:401|403|407|408|429|5\d\d)",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"\s*(?:error|warning|cause|hint|and because|because|could not fetch)\b", re.IGNORECASE
)
_NAME = r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_LACKING = tuple(
    re.compile(pattern)
    for pattern in (
        rf"there (?:is|are) no versions? of {_NAME}",
        rf"{_NAME} was not found in the package registry",
        rf"{_NAME}(?:[=<>!~]\S+)? ha(?:s|ve) no (?:usable )?wheels",
        rf"{_NAME}(?:[=<>!~]\S+)? depends on Python",
        rf"No matching distribution found for {_NAME}",
    )
)
"""How uv and pip say which project is at fault; the earliest in this list is the surest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Where build requirements come from, and the folder that keeps what came from there.

    With `before` it is the index as it was at that moment. `own` is the index of the server that
    the builder works for: it has what upstream lacks for the target.
    """

    url: str
    folder: Path
    before: datetime | None = None
    own: str | None = None


def install(
    site: Path,
    requires: Sequence[str],
    target: Target,
    index: Index,
    check: Callable[[], None],
) -> Failure | None:
    """Install requirements from wheels into a folder; `check` ends the work by raising.

    What upstream has no wheel of is looked for on the server's own index as well.
    """
    failure = _install(site, requires, target, index, check)
    is_wheel_missing = failure is not None and failure.kind is FailureKind.NO_DEPENDENCY_WHEEL
    if not is_wheel_missing or index.own is None:
        return failure
    with_own = {"UV_INDEX": index.own, "UV_INDEX_STRATEGY": "unsafe-best-match"}
    with_own |= {"PIP_EXTRA_INDEX_URL": index.own}
    return _install(site, requires, target, index, check, more=with_own)


def _install(  # noqa: PLR0913, PLR0917 - as `install`
    site: Path,
    requires: Sequence[str],
    target: Target,
    index: Index,
    check: Callable[[], None],
    more: Mapping[str, str] = MappingProxyType({}),
) -> Failure | None:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"PATH": "/usr/bin:/bin", "HOME": str(index.folder), "LC_ALL": "C.UTF-8"}
    # Not among the arguments, which everybody on the machine can read: it may hold a password. The
    # queue tries again later, so the installers need not insist.
    environment |= {"UV_DEFAULT_INDEX": index.url, "UV_HTTP_RETRIES": "1"}
    environment |= {"PIP_INDEX_URL": index.url, "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    environment |= more
    words = [*_installer(target, index), "--target", str(site)]
    words += ["--only-binary", ":all:", "--", *requires]
    status, printed = run(words, environment, check)
    return None if status == 0 else _failure(without_secrets(printed, index.url), requires)


def without_secrets(text: str, url: str) -> str:
    """Return a text without the user and the password of a URL."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    for secret in (user, parts.password, unquote(parts.password or "")):
        if secret:
            text = text.replace(secret, "***")
    return text


def run(
    words: Sequence[str], environment: Mapping[str, str], check: Callable[[], None]
) -> tuple[int | None, str]:
    """Run a program; return its exit status, None if it took too long, and what it printed.

    `check` is called again and again, and ends the program by raising.
    """
    give_up_at = time.monotonic() + _INSTALL_TIMEOUT.total_seconds()
    running = process.start(
        words, environment=environment, stdout=process.PIPE, stderr=process.STDOUT
    )
    try:
        while (printed := running.communicate(b"", _CHECK_EVERY)) is None:
            check()
            if time.monotonic() > give_up_at:
                return None, "timed out"
        return running.exit_status(), printed[0].decode(errors="replace")
    finally:
        running.close()


def _installer(target: Target, index: Index) -> list[str]:
    """Return uv's words, or pip's where uv does not run (there are boards without it).

    For a machine of another kind that uv has no word for, it would take wheels of this one.
    """
    uv = Path(sys.executable).with_name("uv")
    python = f"{target.python[0]}.{target.python[1]}"
    is_foreign = target.architecture not in {os.uname().machine, *_PLATFORMS_OF_UV}
    if is_foreign or not uv.exists():
        before = [] if index.before is None else ["--uploaded-prior-to", index.before.isoformat()]
        return [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            # Without it nothing is said of an index that does not answer.
            "-vv",
            "--no-compile",
            "--python-version",
            target.python_full or python,
            "--cache-dir",
            str(index.folder / "pip"),
            "--implementation",
            "cp",
            *before,
            *(word for tag in platform_tags(target) for word in ("--platform", tag)),
        ]
    words = [
        str(uv),
        "pip",
        "install",
        "--quiet",
        "--no-config",
        "--no-python-downloads",
        "--python",
        sys.executable,
        "--cache-dir",
        str(index.folder / "uv"),
        "--python-version",
        target.python_full or python,
    ]
    if index.before is not None:
        words += ["--exclude-newer", index.before.isoformat()]
    if target.architecture in _PLATFORMS_OF_UV:
        glibc = min(target.glibc, _NEWEST_PLATFORM_OF_UV)
        platform = f"{target.architecture}-manylinux_{glibc[0]}_{glibc[1]}"
        words += ["--python-platform", platform]
    return words


def _failure(printed: str, requires: Sequence[str]) -> Failure:
    lines = [line.strip() for line in printed.splitlines() if _TELLING.match(line)]
    evidence = tuple(lines[-20:])
    if _UNREACHABLE.search(printed):
        message = "The build requirements could not be fetched."
        return Failure(kind=FailureKind.INFRASTRUCTURE, message=message, evidence=evidence)
    found = next(filter(None, (pattern.search(printed) for pattern in _LACKING)), None)
    if found is None:
        return Failure(
            kind=FailureKind.MISSING_BUILD_DEPENDENCY,
            message="The build requirements cannot be had together.",
            subject=", ".join(requires),
            evidence=evidence,
        )
    subject = _requirement(found.group(1), requires)
    return Failure(
        kind=FailureKind.NO_DEPENDENCY_WHEEL,
        message=f"The build needs {subject}, of which there is no usable wheel for this target.",
        subject=subject,
        evidence=evidence,
    )


def _requirement(name: str, requires: Sequence[str]) -> str:
    """Return the requirement of that name, or the name if it is a requirement's requirement."""
    wanted = canonicalize_name(name)
    for text in requires:
        if canonicalize_name(Requirement(text).name) == wanted:
            return text
    return name
