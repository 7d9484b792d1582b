"""The agent: takes jobs from the server, one after the other, and builds them."""

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, TypeVar

from wheelyard.builder import host
from wheelyard.builder.attempt import Bench
from wheelyard.builder.build import Outcome, build
from wheelyard.builder.connection import Connection
from wheelyard.builder.environments.choice import open_environments
from wheelyard.builder.environments.telling import message_of
from wheelyard.builder.offers import offers, serveable
from wheelyard.builder.report import Report
from wheelyard.builder.sandbox.folders import build_user, choose_folder, remove_tree
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.client import http_client
from wheelyard.errors import (
    InvalidSetting,
    LeaseLost,
    Refused,
    Stopped,
    Unauthorized,
    Unavailable,
    WheelyardError,
)
from wheelyard.log import get_logger
from wheelyard.model.build import Failure, FailureKind, Phase
from wheelyard.model.target import target_from_name
from wheelyard.model.wheel import WheelFile
from wheelyard.protocol import (
    PART_BYTES,
    BuildLease,
    ClaimRequest,
    FailureMessage,
    FinishRequest,
    OfferMessage,
    RegisterRequest,
    WheelMessage,
)
from wheelyard.settings import Settings

_log = get_logger("builder.agent")
_Answer = TypeVar("_Answer")
_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 15.0
_TURN_SECONDS = 0.2
_PASSABLE = 0o711
_STOPPED = Failure(
    kind=FailureKind.INFRASTRUCTURE, message="The builder was stopped in the middle of the build."
)


def run_agent(settings: Settings, *, stop: threading.Event, once: bool = False) -> int:
    """Take jobs until told to stop, or one with `once`; return the exit status.

    Raises:
        InvalidSetting: if there is no token, or a target that this machine has no system for.
        EnvironmentUnusable: if a target's environment does not run here.
        SandboxMissing: if builds cannot be isolated here.
        Unauthorized: if the server does not take the token.
    """
    server = settings.builder.server or settings.server_url
    sandbox = open_sandbox(settings)
    folder = choose_folder(settings)
    facts = host.machine()
    connection = Connection(settings, server=server, token=_token(settings))
    client = http_client(contact=settings.contact, timeout=settings.upstream.timeout)
    bench = Bench(
        sandbox=sandbox,
        environments=open_environments(settings, is_isolated=sandbox.name != "plain"),
        user=build_user(settings),
        client=client,
        folder=folder,
        processors=facts.processors,
        server=server,
    )
    targets = serveable(settings.targets, bench.environments)
    request = RegisterRequest(
        targets=targets,
        version=version("wheelyard"),
        sandbox=sandbox.name,
        machine=facts.model[:100],
        memory_bytes=facts.memory_bytes,
        processors=facts.processors,
        environments=_digests(bench, targets),
        offers=tuple(
            OfferMessage.of(offer)
            for offer in offers(targets, bench.environments, sandbox, folder=folder)
        ),
    )
    loop = _Loop(
        connection=connection,
        bench=bench,
        stop=stop,
        once=once,
        claim_wait=settings.builder.claim_wait.total_seconds(),
    )
    try:
        with client, own_work_folder(folder) as work:
            registered = loop.retry(lambda: connection.register(request))
            _log.info("registered", name=registered.name, server=server, folder=str(folder))
            for digest in registered.wanted_environments:
                loop.tell_of_environment(digest, request.environments)
            loop.take_jobs(registered.targets, work=work)
    except Stopped:
        _log.info("stopped")
    finally:
        connection.close()
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop:
    """The agent at work."""

    connection: Connection
    bench: Bench
    stop: threading.Event
    once: bool
    claim_wait: float

    def take_jobs(self, targets: tuple[str, ...], *, work: Path) -> None:
        """Take one job after the other, until told to stop or, with `once`, after one."""
        while not self.stop.is_set():
            lease = self.retry(lambda: self._claim(targets))
            if lease is not None:
                self._build(lease, work=work)
                if self.once:
                    return

    def tell_of_environment(self, digest: str, digests: Mapping[str, str]) -> None:
        """Send the manifest of an environment; one that has just been replaced is left out."""
        environments = self.bench.environments
        for text in (text for text, each in digests.items() if each == digest):
            target = target_from_name(text)
            name = environments.name_for(target)
            if name is None:
                continue
            with environments.store.using(name) as version:
                if version.manifest.digest == digest:
                    message = message_of(version, target)
                    self.retry(partial(self.connection.put_environment, digest, message))
                    return

    def retry(self, ask: Callable[[], _Answer], *, until_lost: Report | None = None) -> _Answer:
        """Ask the server until it answers, with growing pauses.

        Raises:
            Stopped: if told to stop meanwhile.
            LeaseLost: if the lease of `until_lost` is lost meanwhile.
        """
        pause = _RETRY_SECONDS
        while True:
            try:
                return ask()
            except Unavailable as error:
                _log.warning("server-unavailable", error=str(error), again_in_seconds=pause)
            if self.stop.wait(pause):
                raise Stopped("builder")
            if until_lost is not None:
                until_lost.check()
            pause = min(2 * pause, _LONGEST_RETRY_SECONDS)

    def _claim(self, targets: tuple[str, ...]) -> BuildLease | None:
        return self.connection.claim(
            ClaimRequest(
                targets=targets,
                free_memory_bytes=host.free_memory_bytes(),
                wait_seconds=self.claim_wait,
            )
        )

    def _build(self, lease: BuildLease, *, work: Path) -> None:
        """Build what a lease asks for, and tell the server; a lost lease ends it at once."""
        _log.info("build-started", build=lease.build_id, project=lease.project)
        folder = work / f"build-{lease.build_id}"
        try:
            with Report(self.connection, lease, stop=self.stop) as report:
                self._build_and_deliver(lease, report, work=folder)
        except Refused as error:
            _log.warning("build-abandoned", build=lease.build_id, error=str(error))
        finally:
            _clear(folder)

    def _build_and_deliver(self, lease: BuildLease, report: Report, *, work: Path) -> None:
        try:
            try:
                work.mkdir(mode=_PASSABLE)
                work.chmod(_PASSABLE)
                with _turn(self.bench.folder, report, alone=lease.recipe.alone):
                    outcome = build(self.bench, lease, report, work=work)
                self._deliver(lease, report, outcome)
            except (Stopped, LeaseLost, Unauthorized):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, it is told and logged
                # One job that goes wrong in a way of its own must not end the builder.
                _log.exception("build-broken", build=lease.build_id)
                self._deliver(lease, report, _broken(error))
        except Stopped:
            # The job goes back at once, instead of when the lease ends.
            with suppress(WheelyardError):
                self.connection.finish(
                    lease.build_id, _failed(_STOPPED, Outcome(result=_STOPPED, build_seconds=0.0))
                )
            raise

    def _deliver(self, lease: BuildLease, report: Report, outcome: Outcome) -> None:
        """Upload what was made, and finish the build; tried until the lease is lost."""
        match outcome.result:
            case Failure() as failure:
                request = _failed(failure, outcome)
            case (path, wheel):
                report.enter(Phase.UPLOAD)
                self.retry(lambda: self._upload(lease, path, wheel), until_lost=report)
                message = WheelMessage.of(
                    wheel, checks=outcome.checks, dependencies=outcome.dependencies
                )
                request = FinishRequest(
                    wheels=(message,),
                    build_seconds=outcome.build_seconds,
                    environment=outcome.environment,
                    environment_digest=outcome.environment_digest,
                    cross_failure=_told(outcome.cross_failure),
                )
        self.retry(report.flush, until_lost=report)
        reply = self.retry(
            lambda: self.connection.finish(lease.build_id, request), until_lost=report
        )
        _log.info("build-finished", build=lease.build_id, state=reply.state)

    def _upload(self, lease: BuildLease, path: Path, wheel: WheelFile) -> None:
        """Send the parts that the server does not have yet."""
        there = self.connection.parts(lease.build_id, wheel.filename)
        with path.open("rb") as stream:
            for number, start in enumerate(range(0, wheel.size, PART_BYTES)):
                length = min(PART_BYTES, wheel.size - start)
                if there.get(number) != length:
                    stream.seek(start)
                    self.connection.put_part(
                        lease.build_id, wheel.filename, number, stream.read(length)
                    )


def _told(failure: Failure | None) -> FailureMessage | None:
    return None if failure is None else FailureMessage.of(failure)


def _failed(failure: Failure, outcome: Outcome) -> FinishRequest:
    return FinishRequest(
        failure=FailureMessage.of(failure),
        build_seconds=outcome.build_seconds,
        environment=outcome.environment,
        environment_digest=outcome.environment_digest,
    )


def _digests(bench: Bench, targets: Iterable[str]) -> dict[str, str]:
    """Return the digests of the environments of targets; none where it is the machine itself."""
    environments = bench.environments
    found = {}
    for target in targets:
        name = environments.name_for(target_from_name(target))
        if name is not None:
            found[target] = environments.store.current(name).manifest.digest
    return found


def _broken(error: Exception) -> Outcome:
    """Return what is told of a build that this builder could not do."""
    evidence = str(error) if isinstance(error, WheelyardError | OSError) else type(error).__name__
    failure = Failure(
        kind=FailureKind.INFRASTRUCTURE,
        message="The builder could not do the build.",
        evidence=(evidence[:500],),
    )
    return Outcome(result=failure, build_seconds=0.0)


def _clear(folder: Path) -> None:
    """Remove a folder, if it can be; the next agent tries again."""
    try:
        remove_tree(folder)
    except WheelyardError as error:
        _log.warning("folder-left", folder=folder.name, error=str(error))


@contextmanager
def own_work_folder(folder: Path) -> Iterator[Path]:
    """Make a work folder of this agent's own, gone afterwards, and clear those of killed agents.

    A living agent holds the lock of its folder; whoever gets that lock may remove the folder.
    """
    everyones = folder / "work"
    everyones.mkdir(parents=True, exist_ok=True)
    everyones.chmod(_PASSABLE)
    with ExitStack() as held:
        with _locked(everyones, wait=True):
            for other in everyones.iterdir():
                # Living agents hold theirs, and may remove it just now.
                with suppress(BlockingIOError, FileNotFoundError), _locked(other):
                    _log.info("leftover-removed", folder=other.name)
                    _clear(other)
            own = Path(tempfile.mkdtemp(dir=everyones, prefix="agent-"))
            own.chmod(_PASSABLE)
            held.enter_context(_locked(own))
        try:
            yield own
        finally:
            _clear(own)


@contextmanager
def _turn(folder: Path, report: Report, *, alone: bool) -> Iterator[None]:
    """Hold this machine for a build, beside others or `alone`; raises as `Report.check` does.

    Who waits to be alone holds the gate: nobody else begins meanwhile.
    """
    with (folder / "gate.lock").open("a") as gate, (folder / "machine.lock").open("a") as machine:
        _wait_for(gate, fcntl.LOCK_EX, report)
        _wait_for(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, report)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def _wait_for(file: IO[str], kind: int, report: Report) -> None:
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            report.check()
            time.sleep(_TURN_SECONDS)
        else:
            return


@contextmanager
def _locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def _token(settings: Settings) -> str:
    if settings.builder.token:
        return settings.builder.token
    if settings.builder.token_file is None:
        raise InvalidSetting(
            "builder.token", "Issue one on the server: wheelyard builder token NAME"
        )
    try:
        return settings.builder.token_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise InvalidSetting(settings.builder.token_file, str(error)) from None
