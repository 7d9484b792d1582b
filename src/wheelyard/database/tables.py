"""The tables with their constraints and indexes.

What must never be is forbidden here, not only in code. Nothing cascades: projects, releases,
files, wheels and builds outlive their removal upstream, so that filenames and hashes stay known.
Times are aware and in UTC; labels are the values of the model's enums.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from wheelyard.database.columns import (
    Count,
    ExactText,
    Json,
    Key,
    Label,
    Level,
    Prose,
    Timestamp,
    Word,
)
from wheelyard.database.download_tables import (
    client_counts,
    counted_files,
    file_counts,
    host_counts,
    hosts_seen,
    log_positions,
    log_rejects,
    project_counts,
    request_counts,
)
from wheelyard.database.schema import (
    added,
    flag,
    member,
    metadata,
    partial_index,
    reference,
    row_id,
)
from wheelyard.model.build import (
    BuildState,
    FailureKind,
    JobKind,
    JobState,
    Phase,
    Priority,
    Verdict,
)
from wheelyard.model.lane import Lane
from wheelyard.model.project import ProjectStatus
from wheelyard.model.recipe import RecipeOrigin
from wheelyard.model.wheel import WheelState

__all__ = [
    "audit",
    "builders",
    "builds",
    "client_counts",
    "counted_files",
    "cross_failures",
    "decisions",
    "file_counts",
    "host_counts",
    "hosts_seen",
    "jobs",
    "leaders",
    "listed_projects",
    "log_chunks",
    "log_positions",
    "log_rejects",
    "metadata",
    "offers",
    "pages",
    "project_counts",
    "projects",
    "recipes",
    "releases",
    "request_counts",
    "skips",
    "state",
    "targets",
    "upstream_files",
    "waits",
    "wants",
    "wheel_dependencies",
    "wheels",
]

projects = Table(
    "projects",
    metadata,
    row_id(),
    Column("name", Word, nullable=False, unique=True),
    Column("display_name", Prose),
    Column("summary", Prose),
    Column("status", Label(ProjectStatus), nullable=False),
    Column("status_reason", Prose),
    Column("upstream_serial", Count),
    Column("serial", Count),
    Column("created_at", Timestamp, nullable=False),
    Column("read_at", Timestamp),
    Column("polled_at", Timestamp),
    Column("error", Prose),
    Column("missing_count", Integer, nullable=False),
    Column("missing_since", Timestamp),
    Column("removed_at", Timestamp),
    Column("plan_from", Timestamp),
    Column("owner", Word),
    Column("etag", ExactText),
    Column("due_at", Timestamp),
    Column("due_serial", Count),
    added("due_level", Integer, 0),
    added("failures", Integer, 0),
    added("plan_level", Integer, 0),
    added("plan_page", Boolean, 0),
    added("demand", Count, 0),
    added("ranked", Count, 0),
    added("followed", Boolean, 0),
    member("status", ProjectStatus),
    CheckConstraint(
        "missing_count >= 0 AND (missing_count = 0) = (missing_since IS NULL)", name="missing"
    ),
    partial_index("ix_projects_due", "due_level", "due_at", where="due_at IS NOT NULL"),
    partial_index(
        "ix_projects_to_plan",
        *("plan_level", text("demand DESC"), "id"),
        where="plan_from IS NOT NULL",
    ),
    partial_index("ix_projects_serial", "serial", where="serial IS NOT NULL"),
    Index("ix_projects_search", "name", "demand", postgresql_ops={"name": "text_pattern_ops"}),
    partial_index("ix_projects_demand", text("demand DESC"), "name", where="demand > 0"),
)

skips = Table(
    "skips",
    metadata,
    row_id(),
    reference("project_id", "projects"),
    Column("versions", Word, nullable=False),
    Column("target", Word, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("project_id", "versions", "target"),
)

cross_failures = Table(
    "cross_failures",
    metadata,
    reference("project_id", "projects", primary_key=True),
    Column("architecture", Word, primary_key=True),
    Column("versions", Word, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("failed_at", Timestamp, nullable=False),
)

wants = Table(
    "wants",
    metadata,
    row_id(),
    reference("project_id", "projects"),
    Column("version", Word),
    Column("version_key", Word, nullable=False),
    flag("force"),
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("project_id", "version_key"),
    CheckConstraint("(version IS NULL) = (version_key = '')", name="version"),
)

releases = Table(
    "releases",
    metadata,
    row_id(),
    reference("project_id", "projects"),
    Column("version", Word, nullable=False),
    Column("version_key", Word, nullable=False),
    Column("uploaded_at", Timestamp),
    Column("removed_at", Timestamp),
    UniqueConstraint("project_id", "version_key"),
    CheckConstraint("version_key <> ''", name="version_key"),
)

upstream_files = Table(
    "upstream_files",
    metadata,
    row_id(),
    reference("project_id", "projects"),
    reference("release_id", "releases", nullable=True, index=True),
    Column("position", Integer, nullable=False),
    Column("filename", Word, nullable=False),
    Column("url", ExactText, nullable=False),
    Column("hashes", Json, nullable=False),
    Column("size", Count),
    Column("requires_python", Prose),
    flag("yanked"),
    Column("yanked_reason", Prose),
    Column("uploaded_at", Timestamp),
    Column("core_metadata", Json),
    Column("provenance", ExactText),
    Column("gpg_sig", Boolean(create_constraint=True, name="gpg_sig")),
    Column("removed_at", Timestamp),
    UniqueConstraint("project_id", "filename"),
)

targets = Table(
    "targets",
    metadata,
    row_id(),
    Column("name", Word, nullable=False, unique=True),
    Column("channel", Word, nullable=False),
    Column("python_major", Integer, nullable=False),
    Column("python_minor", Integer, nullable=False),
    Column("python_full", Word),
    Column("architecture", Word, nullable=False),
    Column("glibc_major", Integer, nullable=False),
    Column("glibc_minor", Integer, nullable=False),
    flag("retired"),
    added("paused", Boolean, 0),
    added("position", Integer, 0),
    UniqueConstraint("id", "channel"),
)

decisions = Table(
    "decisions",
    metadata,
    reference("release_id", "releases", primary_key=True),
    reference("target_id", "targets", primary_key=True),
    Column("verdict", Label(Verdict), nullable=False),
    Column("reason", Prose, nullable=False),
    Column("decided_at", Timestamp, nullable=False),
    member("verdict", Verdict),
)

builders = Table(
    "builders",
    metadata,
    row_id(),
    Column("name", Word, nullable=False, unique=True),
    Column("token_hash", Word, nullable=False, unique=True),
    Column("targets", Json, nullable=False),
    Column("capabilities", Json),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp),
    Column("revoked_at", Timestamp),
    Column("last_seen_at", Timestamp),
    added("draining", Boolean, 0),
    CheckConstraint("length(token_hash) = 64", name="token_hash"),
)

offers = Table(
    "offers",
    metadata,
    reference("builder_id", "builders", primary_key=True),
    Column("target", Word, primary_key=True, index=True),
    Column("lane", Label(Lane), nullable=False),
    Column("speed", Float, nullable=False),
    member("lane", Lane),
    CheckConstraint("speed > 0", name="speed"),
)
"""The targets that each builder can serve; some of them may not be on record."""

builds = Table(
    "builds",
    metadata,
    Column("id", Word, primary_key=True),
    Column("kind", Label(JobKind), nullable=False),
    reference("release_id", "releases"),
    reference("target_id", "targets"),
    reference("builder_id", "builders", index=True),
    Column("number", Integer, nullable=False),
    Column("state", Label(BuildState), nullable=False),
    Column("phase", Label(Phase), nullable=False),
    Column("started_at", Timestamp, nullable=False, index=True),
    Column("finished_at", Timestamp),
    Column("build_seconds", Float),
    Column("failure_kind", Label(FailureKind)),
    Column("failure_message", Prose),
    Column("failure_subject", Prose),
    Column("failure_evidence", Json),
    Column("log_key", Word),
    reference("sdist_id", "upstream_files"),
    Column("sdist_url", ExactText, nullable=False),
    Column("sdist_sha256", Word, nullable=False),
    Column("limits", Json),
    Column("recipe", Json),
    Column("recipe_digest", Word),
    added("healing_round", Integer, 0),
    Column("environment", Word),
    Column("environment_digest", Word),
    added("unexamined", Boolean, 0),
    Column("causes", Json),
    Column("cause_kind", Word),
    Column("cause_subject", Word),
    member("kind", JobKind),
    member("state", BuildState),
    member("phase", Phase),
    member("failure_kind", FailureKind),
    CheckConstraint("length(id) = 32", name="id"),
    CheckConstraint("length(sdist_sha256) = 64", name="sdist_sha256"),
    CheckConstraint("number >= 0 AND build_seconds >= 0", name="not_negative"),
    CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="finished"),
    CheckConstraint(
        "CASE state WHEN 'failed' THEN failure_kind IS NOT NULL WHEN 'lost' THEN 1 = 1"
        " ELSE failure_kind IS NULL END",
        name="failed",
    ),
    CheckConstraint(
        "(failure_kind IS NULL) = (failure_message IS NULL)"
        " AND (failure_kind IS NULL) = (failure_evidence IS NULL)",
        name="failure",
    ),
    Index(None, "release_id", "target_id", "started_at"),
    partial_index("ix_builds_unexamined", "finished_at", where="unexamined"),
    partial_index("ix_builds_cause", "cause_kind", "cause_subject", where="cause_kind IS NOT NULL"),
    partial_index(
        "uq_builds_running",
        *("release_id", "target_id", "kind"),
        where="state = 'running'",
        unique=True,
    ),
)

jobs = Table(
    "jobs",
    metadata,
    row_id(),
    Column("kind", Label(JobKind), nullable=False),
    reference("release_id", "releases"),
    reference("target_id", "targets"),
    reference("sdist_id", "upstream_files"),
    Column("state", Label(JobState), nullable=False),
    Column("priority", Level(Priority), nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("released_at", Timestamp, nullable=False),
    flag("force"),
    Column("infrastructure_attempts", Integer, nullable=False),
    Column("healing_rounds", Integer, nullable=False),
    Column("ladder_step", Integer, nullable=False),
    Column("build_id", Word, unique=True),
    reference("builder_id", "builders", nullable=True),
    Column("lease_expires_at", Timestamp),
    Column("created_at", Timestamp, nullable=False),
    Column("owner", Word),
    added("turn", Integer, 0),
    added("demand", Count, 0),
    Column("recipe", Json),
    UniqueConstraint("release_id", "target_id", "kind"),
    # A claim writes the job, then the build, in one transaction.
    ForeignKeyConstraint(["build_id"], ["builds.id"], deferrable=True, initially="DEFERRED"),
    member("kind", JobKind),
    member("state", JobState),
    member("priority", Priority),
    CheckConstraint("(state = 'leased') = (build_id IS NOT NULL)", name="lease_build"),
    CheckConstraint("(state = 'leased') = (builder_id IS NOT NULL)", name="lease_builder"),
    CheckConstraint("(state = 'leased') = (lease_expires_at IS NOT NULL)", name="lease_expiry"),
    CheckConstraint(
        "infrastructure_attempts >= 0 AND healing_rounds >= 0 AND ladder_step >= 0",
        name="counters",
    ),
    partial_index(
        "ix_jobs_waiting",
        *("target_id", "priority", "turn", text("demand DESC"), text("released_at DESC"), "id"),
        where="state = 'waiting'",
    ),
    partial_index("ix_jobs_scheduled", "due_at", where="state = 'scheduled'"),
    partial_index("ix_jobs_owner", "owner", where="owner IS NOT NULL AND state <> 'leased'"),
    partial_index("ix_jobs_leased", "lease_expires_at", where="state = 'leased'"),
)

wheels = Table(
    "wheels",
    metadata,
    row_id(),
    reference("release_id", "releases", index=True),
    Column("target_id", Key, nullable=False),
    Column("channel", Word, nullable=False),
    Column("build_id", Word, ForeignKey("builds.id"), nullable=False, index=True),
    Column("filename", Word, nullable=False, index=True),
    Column("untagged_filename", Word, nullable=False),
    Column("build_tag", Word),
    Column("size", Count, nullable=False),
    Column("sha256", Word, nullable=False, index=True),
    Column("metadata_sha256", Word, nullable=False),
    Column("requires_python", Prose),
    Column("state", Label(WheelState), nullable=False),
    Column("uploaded_at", Timestamp, nullable=False),
    added("withheld", Boolean, 0),
    added("recalled", Boolean, 0),
    Column("portable_from", Count),
    ForeignKeyConstraint(["target_id", "channel"], ["targets.id", "targets.channel"]),
    # In one channel a filename never gets other bytes: it has one row, for ever.
    UniqueConstraint("channel", "filename"),
    member("state", WheelState),
    CheckConstraint("length(sha256) = 64 AND length(metadata_sha256) = 64", name="digests"),
    CheckConstraint("size > 0", name="size"),
)

wheel_dependencies = Table(
    "wheel_dependencies",
    metadata,
    reference("wheel_id", "wheels", primary_key=True),
    Column("package", Word, primary_key=True),
)

certificates = Table(
    "certificates",
    metadata,
    reference("wheel_id", "wheels", primary_key=True),
    Column("checked_at", Timestamp, nullable=False),
    flag("passed"),
    Column("document", JSON, nullable=False),
)
"""What was checked of each wheel, the last time that it was."""

recipes = Table(
    "recipes",
    metadata,
    row_id(),
    reference("project_id", "projects"),
    Column("origin", Label(RecipeOrigin), nullable=False),
    Column("versions", Word, nullable=False),
    Column("recipe", Json, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    UniqueConstraint("project_id", "origin", "versions"),
    member("origin", RecipeOrigin),
)

waits = Table(
    "waits",
    metadata,
    reference("release_id", "releases", primary_key=True),
    reference("target_id", "targets", primary_key=True),
    reference("project_id", "projects", index=True),
    Column("requirement", Word, nullable=False),
    Column("version", Word),
    Column("dead_end", Prose),
    Column("created_at", Timestamp, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    reference("project_id", "projects", primary_key=True),
    Column("revision", Count, nullable=False, unique=True),
    Column("taken_until", Timestamp),
    added("level", Integer, 1),
    Index(None, "level", "revision"),
)

log_chunks = Table(
    "log_chunks",
    metadata,
    Column("build_id", Word, ForeignKey("builds.id"), primary_key=True),
    Column("offset", Count, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint('"offset" >= 0 AND length(data) > 0', name="piece"),
)

state = Table(
    "state",
    metadata,
    Column("key", Word, primary_key=True),
    Column("value", JSON, nullable=False),
)

leaders = Table(
    "leaders",
    metadata,
    Column("name", Word, primary_key=True),
    Column("holder", Word, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    row_id(),
    Column("at", Timestamp, nullable=False, index=True),
    Column("actor", Prose, nullable=False),
    Column("command", Prose, nullable=False),
    Column("arguments", Json, nullable=False),
    Column("outcome", Json, nullable=False),
)

listed_projects = Table(
    "listed_projects",
    metadata,
    Column("name", Word, primary_key=True),
    Column("serial", Count),
)
