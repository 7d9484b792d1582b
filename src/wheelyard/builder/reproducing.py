"""The same build once more on this machine: without a server, for a person who wants to see it."""

import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from wheelyard.builder import host
from wheelyard.builder.agent import own_work_folder
from wheelyard.builder.attempt import Bench
from wheelyard.builder.build import Outcome, build
from wheelyard.builder.environments.choice import Environments, open_environments
from wheelyard.builder.hooks import Workplace
from wheelyard.builder.sandbox.folders import build_user, choose_folder
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.builder.shell import open_shell
from wheelyard.client import http_client
from wheelyard.errors import EnvironmentUnusable, Stopped, UnknownEnvironment
from wheelyard.model.build import Limits, Phase, SdistReference
from wheelyard.model.environment import environment_of
from wheelyard.model.names import ProjectName
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target
from wheelyard.protocol import (
    BuildLease,
    LimitsMessage,
    RecipeMessage,
    SdistMessage,
    TargetMessage,
)
from wheelyard.settings import Settings

_HOST = "host"
_LONG = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What a build was made of and with."""

    project: ProjectName
    version: str
    target: Target
    sdist: SdistReference
    recipe: Recipe
    limits: Limits
    environment: str | None
    environment_digest: str | None
    index_url: str


class Told:
    """Tells of a build on a stream, as it goes on; `stop` ends it."""

    def __init__(self, stream: IO[bytes], *, stop: threading.Event) -> None:
        self._stream = stream
        self._stop = stop

    def say(self, line: str) -> None:
        """Tell a line of our own."""
        self._stream.write(f"wheelyard: {line}\n".encode(errors="replace"))
        self._stream.flush()

    def write(self, data: bytes) -> None:
        """Tell what the project's code prints."""
        self.check()
        self._stream.write(data)
        self._stream.flush()

    def enter(self, phase: Phase) -> None:
        """Tell that the next phase begins."""
        self.check()
        self.say(f"phase {phase.value}")

    def check(self) -> None:
        """Raise if the person wants no more.

        Raises:
            Stopped: if so.
        """
        if self._stop.is_set():
            raise Stopped("reproduction")


def reproduce(
    settings: Settings,
    wanted: Reproduction,
    *,
    stop: threading.Event,
    terminal: int | None,
    take: Callable[[Outcome], None],
) -> None:
    """Build it, telling how it goes; with a `terminal`, open a shell where it fails.

    `take` gets the outcome while the wheel is still there.

    Raises:
        UnknownEnvironment: if the environment of the build is not on this machine.
        EnvironmentUnusable: if this machine's own system is not what the target needs.
        SandboxMissing: if builds cannot be isolated here.
        Stopped: if `stop` is set meanwhile.
    """
    sandbox = open_sandbox(settings)
    environments = open_environments(settings, is_isolated=sandbox.name != "plain")
    told = Told(sys.stdout.buffer, stop=stop)
    _compare(environments, wanted, told)
    client = http_client(contact=settings.contact, timeout=settings.upstream.timeout)
    with client, own_work_folder(choose_folder(settings)) as work:
        bench = Bench(
            sandbox=sandbox,
            environments=environments,
            user=build_user(settings),
            client=client,
            folder=choose_folder(settings),
            processors=host.machine().processors,
        )
        folder = work / "reproduction"
        folder.mkdir(mode=0o711)

        def visit(workplace: Workplace, build_environment: Path) -> None:
            if terminal is not None:
                told.say("a shell where it failed; end it with `exit`")
                open_shell(workplace, build_environment, terminal=terminal, check=told.check)

        take(build(bench, _lease(wanted), told, work=folder, visit=visit))


def _compare(environments: Environments, wanted: Reproduction, told: Told) -> None:
    """Say where this machine differs from where the build was made.

    Raises:
        UnknownEnvironment: if the environment of the build is not there.
        EnvironmentUnusable: if the machine itself cannot build for the target.
    """
    name = environments.name_for(wanted.target)
    if name is None:
        expected = wanted.environment or _HOST
        if expected != _HOST:
            advice = f"Make it: wheelyard environment create {expected}"
            raise UnknownEnvironment(expected, advice)
        local = host.local_target()
        if (local.channel, local.architecture, local.python) != (
            wanted.target.channel,
            wanted.target.architecture,
            wanted.target.python,
        ):
            advice = f"Make an environment: wheelyard environment create {_named(wanted.target)}"
            raise EnvironmentUnusable(f"{local.name} is not {wanted.target.name}", advice)
        return
    digest = environments.store.current(name).manifest.digest
    if wanted.environment_digest not in {None, digest}:
        told.say(f"this machine's {name} is of another version than the one it was built in")


def _named(target: Target) -> str:
    return str(environment_of(target) or target.name)


def _lease(wanted: Reproduction) -> BuildLease:
    return BuildLease(
        build_id=uuid.uuid4().hex,
        number=0,
        project=wanted.project,
        version=wanted.version,
        target=TargetMessage.of(wanted.target),
        sdist=SdistMessage.of(wanted.sdist),
        recipe=RecipeMessage.of(wanted.recipe),
        limits=LimitsMessage.of(wanted.limits),
        index_url=wanted.index_url,
        lease_expires_at=datetime.now(UTC),
        heartbeat_seconds=_LONG,
    )
