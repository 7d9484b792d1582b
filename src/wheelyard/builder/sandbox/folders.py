"""Folders of the agent's and of the build user's."""

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.errors import InvalidSetting, Unavailable
from wheelyard.settings import Settings

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_TIMEOUT = timedelta(minutes=10)
_PASSABLE = 0o711
"""Others may pass through a folder to one whose name they know, and not list it."""

_SHARED_TEMPORARY = Path("/var/tmp")  # noqa: S108 - only in a folder whose owner is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildUser:
    """The user that builds run as, where the agent is root."""

    uid: int
    gid: int


def build_user(settings: Settings) -> BuildUser | None:
    """Return the user that builds run as; None where the agent is not root, so it runs them."""
    if os.geteuid() != 0:
        return None
    return BuildUser(uid=settings.builder.build_uid, gid=settings.builder.build_uid)


def choose_folder(settings: Settings) -> Path:
    """Return the folder for caches and work folders, which is there and which builds can reach.

    That is the folder of the settings, else one in the data folder, else, where the build user
    cannot get there (a data folder in root's home), one in `/var/tmp` whose name depends on the
    data folder alone, so that the next start finds its caches.

    Raises:
        InvalidSetting: if the build user cannot reach the folder of the settings, or if
            somebody else has taken the one in `/var/tmp`.
    """
    user = build_user(settings)
    if settings.builder.folder is not None:
        folder = settings.builder.folder.absolute()
        folder.mkdir(parents=True, exist_ok=True, mode=_PASSABLE)
        if not can_reach(folder, user):
            raise InvalidSetting(
                folder, f"Build user {settings.builder.build_uid} cannot get there"
            )
        return folder
    data = settings.data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    if can_reach(data, user):
        folder = data / "builder"
        folder.mkdir(exist_ok=True)
    else:
        digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
        folder = _SHARED_TEMPORARY / f"wheelyard-{os.geteuid()}-{digest}"
        folder.mkdir(exist_ok=True)
        _require_own(folder)
    folder.chmod(_PASSABLE)
    return folder


def can_reach(folder: Path, user: BuildUser | None) -> bool:
    """Whether a user may pass through a folder and all that lie above it."""
    if user is None:
        return True
    resolved = folder.resolve()
    return all(_may_pass(above.stat(), user) for above in (resolved, *resolved.parents))


def hand_over(folder: Path, user: BuildUser | None) -> None:
    """Make a tree the build user's own, following no links; nothing where there is no such user.

    Raises:
        Unavailable: if the file system refuses.
    """
    if user is None:
        return
    owner = f"{user.uid}:{user.gid}"
    completed = process.run(
        ["chown", "--recursive", "--no-dereference", "-P", owner, "--", folder],
        environment=_ENVIRONMENT,
        timeout=_TIMEOUT,
    )
    if completed.exit_status != 0:
        raise Unavailable(folder, completed.stderr.strip())


def remove_tree(folder: Path) -> None:
    """Remove a tree that a build has left: as deep as it likes, unreadable, full of links.

    Raises:
        Unavailable: if the file system refuses.
    """
    words: list[str | Path] = ["rm", "--recursive", "--force", "--one-file-system", "--", folder]
    completed = process.run(words, environment=_ENVIRONMENT, timeout=_TIMEOUT)
    if completed.exit_status != 0:
        # Folders without permissions stop everybody but root.
        process.run(
            ["chmod", "--recursive", "u+rwX", "--", folder],
            environment=_ENVIRONMENT,
            timeout=_TIMEOUT,
        )
        completed = process.run(words, environment=_ENVIRONMENT, timeout=_TIMEOUT)
    if completed.exit_status != 0:
        raise Unavailable(folder, completed.stderr.strip())


def _may_pass(status: os.stat_result, user: BuildUser) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _require_own(folder: Path) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise InvalidSetting(folder, "It is not ours; set builder.folder to another place")
