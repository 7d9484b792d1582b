"""The signs of life of one build: heartbeats that renew the lease and carry the log."""

import base64
import threading
import time
from datetime import UTC, datetime
from typing import Protocol, Self

from wheelyard.builder.connection import Connection
from wheelyard.errors import LeaseLost, Refused, Stopped, Unavailable
from wheelyard.log import get_logger
from wheelyard.model.build import Phase
from wheelyard.protocol import MAX_LOG_CHUNK_BYTES, BuildLease, Heartbeat

_log = get_logger("builder.report")
_OFTEN_SECONDS = 1.0
_LONGEST_LINE = 4000
_FEWEST_BEATS = 3
_RESERVED_BYTES = 64 * 1024


class Reporting(Protocol):
    """What a build tells of itself while it runs; each of these may end it by raising."""

    def say(self, line: str) -> None:
        """Tell a line of our own."""
        ...

    def write(self, data: bytes) -> None:
        """Tell what the project's code prints."""
        ...

    def enter(self, phase: Phase) -> None:
        """Tell that the next phase begins."""
        ...

    def check(self) -> None:
        """Raise if the build shall not go on."""
        ...


class Report:
    """Collects the log and the phase, and sends them in the background while inside `with`.

    A heartbeat whose reply got lost is simply followed by the next: each piece of the log says
    where it starts, and the server says how much it has. `is_lost` turns true when the server
    says that the lease is gone, or has not been heard of until the lease has ended.
    """

    def __init__(self, connection: Connection, lease: BuildLease, *, stop: threading.Event) -> None:
        self._stop = stop
        self._connection = connection
        self._build_id = lease.build_id
        self._pause = min(lease.heartbeat_seconds, _OFTEN_SECONDS)
        self._seconds = lease.heartbeat_seconds
        self._expires_at = self._end_of(lease.lease_expires_at)
        # The server takes no more than the limit: what the build prints leaves room for our lines.
        self._room = lease.limits.log_bytes - min(lease.limits.log_bytes // 10, _RESERVED_BYTES)
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._buffer = bytearray()
        self._sent = 0
        self._phase = Phase.CLAIMED
        self._shown_phase = Phase.CLAIMED
        self._lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def is_lost(self) -> bool:
        """Whether the build is not ours any more."""
        return self._lost.is_set()

    def check(self) -> None:
        """Raise if the build shall not go on.

        Raises:
            LeaseLost: if it is not ours any more.
            Stopped: if this builder was told to stop.
        """
        if self.is_lost:
            raise LeaseLost(self._build_id)
        if self._stop.is_set():
            raise Stopped(self._build_id)

    def write(self, data: bytes) -> None:
        """Add to the log; what is over the limit is left out. Raises as `check` does."""
        self.check()
        with self._lock:
            self._buffer += data[: max(self._room - len(self._buffer), 0)]

    def say(self, line: str) -> None:
        """Add a line of our own to the log, even where the build has filled it."""
        text = f"wheelyard: {line[:_LONGEST_LINE]}\n".encode(errors="replace")
        with self._lock:
            starts_afresh = not self._buffer or self._buffer.endswith(b"\n")
            self._buffer += text if starts_afresh else b"\n" + text

    def enter(self, phase: Phase) -> None:
        """Go on to the next phase, which people see at once and in the log. Raises as `check`."""
        self.check()
        self.say(f"phase {phase.value}")
        with self._lock:
            self._phase = phase

    def flush(self) -> None:
        """Send what is left of the log, so that it is whole before the build ends.

        Raises:
            LeaseLost: if the build is not ours any more.
            Unavailable: if the server does not answer.
        """
        while True:
            self._send()
            with self._lock:
                if self._sent >= len(self._buffer):
                    return

    def _beat(self) -> None:
        waited = 0.0
        while not self._ended.wait(self._pause):
            waited += self._pause
            if waited < self._seconds and not self._has_news():
                continue
            waited = 0.0
            try:
                self._send()
            except Refused as error:
                _log.warning("lease-lost", build=self._build_id, error=str(error))
                self._lost.set()
                return
            except Unavailable as error:
                _log.warning("heartbeat-failed", build=self._build_id, error=str(error))
                if time.monotonic() > self._expires_at:
                    self._lost.set()
                    return

    def _has_news(self) -> bool:
        with self._lock:
            return self._phase is not self._shown_phase or self._sent < len(self._buffer)

    def _send(self) -> None:
        if self.is_lost:
            raise LeaseLost(self._build_id)
        with self._sending:
            with self._lock:
                offset, phase = self._sent, self._phase
                piece = bytes(self._buffer[offset : offset + MAX_LOG_CHUNK_BYTES])
            reply = self._connection.heartbeat(
                self._build_id, Heartbeat.model_validate(_beat(phase, offset, piece))
            )
            with self._lock:
                self._sent = min(reply.log_size, len(self._buffer))
                self._shown_phase = phase
            self._expires_at = self._end_of(reply.lease_expires_at)

    def _end_of(self, expires_at: datetime) -> float:
        """Return when a lease ends, by the clock that nobody sets.

        A board's clock may be hours off: nobody is taken to have lost a lease at the first failure.
        """
        left = (expires_at - datetime.now(UTC)).total_seconds()
        return time.monotonic() + max(left, _FEWEST_BEATS * self._seconds)


def _beat(phase: Phase, offset: int, piece: bytes) -> dict[str, object]:
    """Return a heartbeat's fields; the log travels as base64."""
    return {"phase": phase, "log_offset": offset, "log": base64.b64encode(piece)}
