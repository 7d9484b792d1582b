"""Choosing the sandbox that the settings ask for, and trying it before it is needed."""

from datetime import timedelta
from pathlib import Path

from wheelyard.builder.environments.host import host_view
from wheelyard.builder.sandbox.bubblewrap import BubblewrapSandbox
from wheelyard.builder.sandbox.cgroup import find_hierarchies, remove_stale_groups
from wheelyard.builder.sandbox.folders import build_user
from wheelyard.builder.sandbox.plain import PlainSandbox
from wheelyard.builder.sandbox.sandbox import Command, LimitHit, Sandbox
from wheelyard.errors import NotFound, SandboxMissing
from wheelyard.log import get_logger
from wheelyard.model.build import Limits
from wheelyard.settings import Settings

_log = get_logger("builder.sandbox")
_TRIAL = Command(
    arguments=("/bin/true",), folder="/", limits=Limits(duration=timedelta(seconds=30))
)
_INSTALL = "Install it: apt-get install bubblewrap util-linux"
_SWITCHES = Path("/proc/sys")
_NAMESPACE_SWITCHES = (
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
)
_NO_SWITCH = (
    "User namespaces seem to be forbidden here (in a container, start it with rights to make them)"
)


def open_sandbox(settings: Settings) -> Sandbox:
    """Return the sandbox that the settings name, which has been tried.

    What earlier builders left behind when they were killed is cleared away.

    Raises:
        SandboxMissing: if bubblewrap does not work here, saying why and what to do.
    """
    if settings.builder.sandbox == "plain":
        _log.warning("no-isolation", sandbox="plain")
        return PlainSandbox()
    hierarchies = find_hierarchies()
    removed = remove_stale_groups(hierarchies)
    watched = sorted({LimitHit.MEMORY, LimitHit.PROCESSES} - hierarchies.keys())
    _log.info("sandbox-opened", sandbox="bubblewrap", watched=watched, stale_groups=removed)
    sandbox = BubblewrapSandbox(
        user=build_user(settings), view=host_view(), hierarchies=hierarchies
    )
    _try(sandbox)
    return sandbox


def _try(sandbox: Sandbox) -> None:
    """Run a command that does nothing."""
    try:
        result = sandbox.run(_TRIAL, output=lambda _: None)
    except NotFound as error:
        raise SandboxMissing(error.subject, _advice(_INSTALL)) from None
    except SandboxMissing as error:
        missing = "bwrap: No such file" in str(error.subject)
        raise SandboxMissing(error.subject, _advice(_INSTALL if missing else _remedy())) from None
    if result.exit_status != 0 or result.limit_hit is not None:
        raise SandboxMissing(f"a trial run ended with {result}", _advice(_remedy()))


def _remedy() -> str:
    """Say what keeps unprivileged users from making namespaces, as far as the kernel tells."""
    for name, bad, good in _NAMESPACE_SWITCHES:
        file = _SWITCHES / name
        if file.exists() and file.read_text(encoding="ascii").strip() == bad:
            return f"As root: sysctl -w {name.replace('/', '.')}={good}"
    return _NO_SWITCH


def _advice(remedy: str) -> str:
    return f"{remedy}. For trusted projects only, builder.sandbox = 'plain' does without isolation"
