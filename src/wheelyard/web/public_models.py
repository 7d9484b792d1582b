"""What `/api/v1/` answers, for everybody. Fields are added in time, none goes away or changes."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """An answer; times are in UTC, durations in seconds."""

    model_config = ConfigDict(frozen=True)


class FoundProjectReply(Reply):
    """A project that was found by its name; `url` is its page, from the server's root."""

    name: str
    display_name: str | None
    summary: str | None
    has_wheels: bool
    url: str


class SearchReply(Reply):
    """The projects that suit a query, the best first."""

    query: str
    projects: tuple[FoundProjectReply, ...]


class JobReply(Reply):
    """A job in the queue.

    `before` counts the jobs of its target that are handed out before it, and `estimate_seconds`
    is when it may be its turn; both are None where nobody knows, or where it is being built.
    """

    project: str
    version: str
    target: str
    state: str
    priority: str
    due_at: datetime
    before: int | None
    estimate_seconds: float | None
    build: str | None
    builder: str | None


class JobsReply(Reply):
    """The jobs of one project's newest releases, at most 500, the newest version first."""

    project: str
    jobs: tuple[JobReply, ...]


class QueuedTarget(Reply):
    """How many jobs of a target there are, by state."""

    target: str
    jobs: dict[str, int]


class QueueReply(Reply):
    """The queue: counts, what is being built, and what comes next for each target."""

    paused: str | None = Field(description="Why nothing is handed out; null if jobs are.")
    targets: tuple[QueuedTarget, ...]
    running: tuple[JobReply, ...]
    next: tuple[JobReply, ...]


class BuilderReply(Reply):
    """A builder: what it is, whether it is here, and the builds that it runs."""

    name: str
    state: str
    last_seen_at: datetime | None
    machine: str | None
    processors: int | None
    memory_bytes: int | None
    version: str | None
    targets: tuple[str, ...]
    builds: tuple[str, ...]


class BuildersReply(Reply):
    """All builders that were not revoked."""

    builders: tuple[BuilderReply, ...]


class BuildReply(Reply):
    """One attempt; `causes` as `wheelyard diagnose --json` writes them, the root cause first."""

    id: str
    project: str
    version: str
    target: str
    builder: str
    state: str
    phase: str
    started_at: datetime
    seconds: float | None
    failure: dict[str, Any] | None
    causes: tuple[dict[str, Any], ...]
    treatment: str | None
    recipe: dict[str, Any]
    environment: str | None
    log: str = Field(description="Where the log is, from the server's root.")


class BuildsReply(Reply):
    """Attempts, the newest first; `before` asks for the next page, null on the last one."""

    builds: tuple[BuildReply, ...]
    before: str | None


class LogReply(Reply):
    """A piece of a build's log from a byte on; `next` is where to go on reading.

    Bytes that are no UTF-8 are shown as U+FFFD. A build that `is_running` may say more later.
    """

    build: str
    offset: int
    next: int
    is_running: bool
    text: str


class WheelReply(Reply):
    """A wheel of this index; `url` is from the server's root."""

    project: str
    filename: str
    version: str
    target: str
    size: int
    sha256: str
    uploaded_at: datetime
    url: str


class WheelsReply(Reply):
    """The newest wheels, the newest first."""

    wheels: tuple[WheelReply, ...]


class CellReply(Reply):
    """What there is of a version for a target.

    `state` is what was decided, or `building`; `build` the attempt that runs or has failed, and
    `cause` a word for why it failed.
    """

    state: str
    reason: str
    cause: str | None
    build: str | None


class VersionRow(Reply):
    """A version, by target; targets that nothing was decided about are left out."""

    version: str
    uploaded_at: datetime | None
    targets: dict[str, CellReply]


class VersionsReply(Reply):
    """Some of a project's versions, of `total`; `next` is the next page's `start`, or null."""

    project: str
    versions: tuple[VersionRow, ...]
    total: int
    next: int | None


class VersionReply(Reply):
    """One version; `wheels` are as in the project's own document."""

    project: str
    version: str
    uploaded_at: datetime | None
    targets: dict[str, CellReply]
    wheels: tuple[dict[str, Any], ...]
    builds: tuple[BuildReply, ...]


class FiguresReply(Reply):
    """What there is and is done, in numbers; `saved_ms` is of all downloads ever."""

    projects: int
    wheels: int
    downloads_in_30_days: int
    saved_ms: int
    jobs_waiting: int
    jobs_running: int


class MissingProjectReply(Reply):
    """A project whose newest release fails, for these targets, and how it failed last."""

    project: str
    version: str
    targets: tuple[str, ...]
    cause: str | None
    subject: str | None
    message: str
    demand: int
    build: str


class MissingReply(Reply):
    """The most wanted projects that are missing, the most wanted first."""

    projects: tuple[MissingProjectReply, ...]


class AskMessage(Reply):
    """What is asked for: a version, or the newest release."""

    version: str | None = Field(default=None, max_length=200)


class AskedReply(Reply):
    """What was asked for, as it was understood."""

    project: str
    version: str | None


class RequirementReply(Reply):
    """What becomes of a requirement; `jobs_before` and the estimate are of what is being built."""

    requirement: str
    place: str
    project: str | None
    outcome: str
    sentence: str
    version: str | None
    filename: str | None
    debian_packages: tuple[str, ...]
    alternative: str | None
    is_running: bool | None
    jobs_before: int | None
    estimate_seconds: int | None


class CheckReply(Reply):
    """What becomes of the requirements of a file, for a target."""

    target: str
    form: str
    is_fine: bool
    counts: dict[str, int]
    debian_packages: tuple[str, ...]
    apt_line: str | None
    notes: tuple[str, ...]
    requirements: tuple[RequirementReply, ...]
