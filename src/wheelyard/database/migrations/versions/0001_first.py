"""The first schema: projects, what was decided, built and published."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(300)
_LABEL = sa.String(40)


def _key(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, _KEY, nullable=nullable)


def _one_of(column: str, values: Sequence[object]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def upgrade() -> None:
    """Make the tables, those that others refer to first."""
    _create_builders()
    _create_projects()
    _create_state()
    _create_targets()
    _create_pages()
    _create_recipes()
    _create_releases()
    _create_wants()
    _create_decisions()
    _create_upstream_files()
    _create_builds()
    _create_jobs()
    _create_log_chunks()
    _create_wheels()
    _create_wheel_dependencies()


def _create_builders() -> None:
    op.create_table(
        "builders",
        _key("id"),
        sa.Column("name", _WORD, nullable=False),
        sa.Column("token_hash", _WORD, nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("capabilities", sa.JSON()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME),
        sa.Column("revoked_at", _TIME),
        sa.Column("last_seen_at", _TIME),
        sa.CheckConstraint("length(token_hash) = 64", name=op.f("ck_builders_token_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_builders")),
        sa.UniqueConstraint("name", name=op.f("uq_builders_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_builders_token_hash")),
    )


def _create_projects() -> None:
    op.create_table(
        "projects",
        _key("id"),
        sa.Column("name", _WORD, nullable=False),
        sa.Column("display_name", sa.Text()),
        sa.Column("summary", sa.Text()),
        sa.Column("status", _LABEL, nullable=False),
        sa.Column("status_reason", sa.Text()),
        sa.Column("skip_reason", sa.Text()),
        sa.Column("upstream_serial", sa.BigInteger()),
        sa.Column("serial", sa.BigInteger()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("read_at", _TIME),
        sa.Column("polled_at", _TIME),
        sa.Column("retry_at", _TIME),
        sa.Column("error", sa.Text()),
        sa.Column("missing_count", sa.Integer(), nullable=False),
        sa.Column("missing_since", _TIME),
        sa.Column("removed_at", _TIME),
        sa.Column("plan_from", _TIME),
        sa.CheckConstraint(
            _one_of("status", ["active", "archived", "quarantined", "deprecated"]),
            name=op.f("ck_projects_status"),
        ),
        sa.CheckConstraint(
            "missing_count >= 0 AND (missing_count = 0) = (missing_since IS NULL)",
            name=op.f("ck_projects_missing"),
        ),
        sa.CheckConstraint(
            "retry_at IS NULL OR polled_at IS NOT NULL", name=op.f("ck_projects_retry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("name", name=op.f("uq_projects_name")),
    )
    op.create_index(
        "ix_projects_to_plan",
        "projects",
        ["plan_from"],
        unique=False,
        sqlite_where=sa.text("plan_from IS NOT NULL"),
        postgresql_where=sa.text("plan_from IS NOT NULL"),
    )


def _create_state() -> None:
    op.create_table(
        "state",
        sa.Column("key", _WORD, nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_state")),
    )


def _create_targets() -> None:
    op.create_table(
        "targets",
        _key("id"),
        sa.Column("name", _WORD, nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("python_major", sa.Integer(), nullable=False),
        sa.Column("python_minor", sa.Integer(), nullable=False),
        sa.Column("python_full", _WORD),
        sa.Column("architecture", _WORD, nullable=False),
        sa.Column("glibc_major", sa.Integer(), nullable=False),
        sa.Column("glibc_minor", sa.Integer(), nullable=False),
        sa.Column(
            "retired",
            sa.Boolean(create_constraint=True, name=op.f("ck_targets_retired")),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
        sa.UniqueConstraint("id", "channel", name=op.f("uq_targets_id_channel")),
        sa.UniqueConstraint("name", name=op.f("uq_targets_name")),
    )


def _create_pages() -> None:
    op.create_table(
        "pages",
        _key("project_id"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_pages_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_pages")),
        sa.UniqueConstraint("revision", name=op.f("uq_pages_revision")),
    )


def _create_recipes() -> None:
    op.create_table(
        "recipes",
        _key("project_id"),
        sa.Column("debian_packages", sa.JSON(), nullable=False),
        sa.Column("environment", sa.JSON(), nullable=False),
        sa.Column("requirements", sa.JSON(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_recipes_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_recipes")),
    )


def _create_releases() -> None:
    op.create_table(
        "releases",
        _key("id"),
        _key("project_id"),
        sa.Column("version", _WORD, nullable=False),
        sa.Column("version_key", _WORD, nullable=False),
        sa.Column("uploaded_at", _TIME),
        sa.Column("removed_at", _TIME),
        sa.CheckConstraint("version_key <> ''", name=op.f("ck_releases_version_key")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_releases_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint(
            "project_id", "version_key", name=op.f("uq_releases_project_id_version_key")
        ),
    )


def _create_wants() -> None:
    op.create_table(
        "wants",
        _key("id"),
        _key("project_id"),
        sa.Column("version", _WORD),
        sa.Column("version_key", _WORD, nullable=False),
        sa.Column(
            "force", sa.Boolean(create_constraint=True, name=op.f("ck_wants_force")), nullable=False
        ),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint("(version IS NULL) = (version_key = '')", name=op.f("ck_wants_version")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_wants_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wants")),
        sa.UniqueConstraint(
            "project_id", "version_key", name=op.f("uq_wants_project_id_version_key")
        ),
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        _key("release_id"),
        _key("target_id"),
        sa.Column("verdict", _LABEL, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.CheckConstraint(
            _one_of(
                "verdict",
                [
                    "needs-build",
                    "covered-upstream",
                    "built",
                    "checked",
                    "failed",
                    "no-sdist",
                    "python-excluded",
                    "yanked",
                    "skipped",
                    "quarantined",
                ],
            ),
            name=op.f("ck_decisions_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_decisions_release_id")
        ),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_decisions_target_id")),
        sa.PrimaryKeyConstraint("release_id", "target_id", name=op.f("pk_decisions")),
    )


def _create_upstream_files() -> None:
    op.create_table(
        "upstream_files",
        _key("id"),
        _key("project_id"),
        _key("release_id", nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", _WORD, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("requires_python", sa.Text()),
        sa.Column(
            "yanked",
            sa.Boolean(create_constraint=True, name=op.f("ck_upstream_files_yanked")),
            nullable=False,
        ),
        sa.Column("yanked_reason", sa.Text()),
        sa.Column("uploaded_at", _TIME),
        sa.Column("core_metadata", sa.JSON()),
        sa.Column("provenance", sa.Text()),
        sa.Column(
            "gpg_sig", sa.Boolean(create_constraint=True, name=op.f("ck_upstream_files_gpg_sig"))
        ),
        sa.Column("removed_at", _TIME),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_upstream_files_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_upstream_files_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_files")),
        sa.UniqueConstraint(
            "project_id", "filename", name=op.f("uq_upstream_files_project_id_filename")
        ),
    )
    op.create_index(
        op.f("ix_upstream_files_release_id"), "upstream_files", ["release_id"], unique=False
    )


def _create_builds() -> None:
    op.create_table(
        "builds",
        sa.Column("id", _WORD, nullable=False),
        sa.Column("kind", _LABEL, nullable=False),
        _key("release_id"),
        _key("target_id"),
        _key("builder_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", _LABEL, nullable=False),
        sa.Column("phase", _LABEL, nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.Column("build_seconds", sa.Float()),
        sa.Column("failure_kind", _LABEL),
        sa.Column("failure_message", sa.Text()),
        sa.Column("failure_subject", sa.Text()),
        sa.Column("failure_evidence", sa.JSON()),
        sa.Column("log_key", _WORD),
        _key("sdist_id"),
        sa.Column("sdist_url", sa.Text(), nullable=False),
        sa.Column("sdist_sha256", _WORD, nullable=False),
        sa.Column("limits", sa.JSON()),
        sa.CheckConstraint(
            "(state = 'running') = (finished_at IS NULL)", name=op.f("ck_builds_finished")
        ),
        sa.CheckConstraint(
            "CASE state WHEN 'failed' THEN failure_kind IS NOT NULL WHEN 'lost' THEN 1 = 1"
            " ELSE failure_kind IS NULL END",
            name=op.f("ck_builds_failed"),
        ),
        sa.CheckConstraint(
            _one_of(
                "failure_kind",
                [
                    "missing-system-package",
                    "missing-build-dependency",
                    "wants-network",
                    "python-incompatible",
                    "compile-error",
                    "metadata-invalid",
                    "no-sdist",
                    "sdist-invalid",
                    "hash-mismatch",
                    "timeout",
                    "out-of-memory",
                    "process-limit",
                    "disk-full",
                    "output-limit",
                    "output-invalid",
                    "infrastructure",
                    "unknown",
                ],
            ),
            name=op.f("ck_builds_failure_kind"),
        ),
        sa.CheckConstraint(_one_of("kind", ["build", "certify"]), name=op.f("ck_builds_kind")),
        sa.CheckConstraint(
            _one_of("phase", ["claimed", "fetch", "build", "inspect", "upload"]),
            name=op.f("ck_builds_phase"),
        ),
        sa.CheckConstraint(
            _one_of("state", ["running", "succeeded", "failed", "lost"]),
            name=op.f("ck_builds_state"),
        ),
        sa.CheckConstraint(
            "(failure_kind IS NULL) = (failure_message IS NULL)"
            " AND (failure_kind IS NULL) = (failure_evidence IS NULL)",
            name=op.f("ck_builds_failure"),
        ),
        sa.CheckConstraint("length(id) = 32", name=op.f("ck_builds_id")),
        sa.CheckConstraint("length(sdist_sha256) = 64", name=op.f("ck_builds_sdist_sha256")),
        sa.CheckConstraint(
            "number >= 0 AND build_seconds >= 0", name=op.f("ck_builds_not_negative")
        ),
        sa.ForeignKeyConstraint(["builder_id"], ["builders.id"], name=op.f("fk_builds_builder_id")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_builds_release_id")),
        sa.ForeignKeyConstraint(
            ["sdist_id"], ["upstream_files.id"], name=op.f("fk_builds_sdist_id")
        ),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_builds_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_builds")),
    )
    op.create_index(op.f("ix_builds_builder_id"), "builds", ["builder_id"], unique=False)
    op.create_index(
        op.f("ix_builds_release_id_target_id_started_at"),
        "builds",
        ["release_id", "target_id", "started_at"],
        unique=False,
    )
    op.create_index(op.f("ix_builds_started_at"), "builds", ["started_at"], unique=False)
    op.create_index(
        "uq_builds_running",
        "builds",
        ["release_id", "target_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        _key("id"),
        sa.Column("kind", _LABEL, nullable=False),
        _key("release_id"),
        _key("target_id"),
        _key("sdist_id"),
        sa.Column("state", _LABEL, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("released_at", _TIME, nullable=False),
        sa.Column(
            "force", sa.Boolean(create_constraint=True, name=op.f("ck_jobs_force")), nullable=False
        ),
        sa.Column("infrastructure_attempts", sa.Integer(), nullable=False),
        sa.Column("healing_rounds", sa.Integer(), nullable=False),
        sa.Column("ladder_step", sa.Integer(), nullable=False),
        sa.Column("build_id", _WORD),
        _key("builder_id", nullable=True),
        sa.Column("lease_expires_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "(state = 'leased') = (build_id IS NOT NULL)", name=op.f("ck_jobs_lease_build")
        ),
        sa.CheckConstraint(
            "(state = 'leased') = (builder_id IS NOT NULL)", name=op.f("ck_jobs_lease_builder")
        ),
        sa.CheckConstraint(
            "(state = 'leased') = (lease_expires_at IS NOT NULL)", name=op.f("ck_jobs_lease_expiry")
        ),
        sa.CheckConstraint(_one_of("kind", ["build", "certify"]), name=op.f("ck_jobs_kind")),
        sa.CheckConstraint(_one_of("state", ["waiting", "leased"]), name=op.f("ck_jobs_state")),
        sa.CheckConstraint(
            "infrastructure_attempts >= 0 AND healing_rounds >= 0 AND ladder_step >= 0",
            name=op.f("ck_jobs_counters"),
        ),
        sa.CheckConstraint(
            _one_of("priority", [10, 20, 30, 40, 50, 60]), name=op.f("ck_jobs_priority")
        ),
        sa.ForeignKeyConstraint(
            ["build_id"],
            ["builds.id"],
            name=op.f("fk_jobs_build_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["builder_id"], ["builders.id"], name=op.f("fk_jobs_builder_id")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_jobs_release_id")),
        sa.ForeignKeyConstraint(["sdist_id"], ["upstream_files.id"], name=op.f("fk_jobs_sdist_id")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_jobs_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("build_id", name=op.f("uq_jobs_build_id")),
        sa.UniqueConstraint(
            "release_id", "target_id", "kind", name=op.f("uq_jobs_release_id_target_id_kind")
        ),
    )
    op.create_index(
        "ix_jobs_leased",
        "jobs",
        ["lease_expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(op.f("ix_jobs_target_id"), "jobs", ["target_id"], unique=False)
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["priority", "due_at", sa.text("released_at DESC"), "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _create_log_chunks() -> None:
    op.create_table(
        "log_chunks",
        sa.Column("build_id", _WORD, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint('"offset" >= 0 AND length(data) > 0', name=op.f("ck_log_chunks_piece")),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name=op.f("fk_log_chunks_build_id")),
        sa.PrimaryKeyConstraint("build_id", "offset", name=op.f("pk_log_chunks")),
    )


def _create_wheels() -> None:
    op.create_table(
        "wheels",
        _key("id"),
        _key("release_id"),
        _key("target_id"),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("build_id", _WORD, nullable=False),
        sa.Column("filename", _WORD, nullable=False),
        sa.Column("untagged_filename", _WORD, nullable=False),
        sa.Column("build_tag", _WORD),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", _WORD, nullable=False),
        sa.Column("metadata_sha256", _WORD, nullable=False),
        sa.Column("requires_python", sa.Text()),
        sa.Column("state", _LABEL, nullable=False),
        sa.Column("uploaded_at", _TIME, nullable=False),
        sa.CheckConstraint(
            _one_of("state", ["published", "checked", "superseded", "withdrawn"]),
            name=op.f("ck_wheels_state"),
        ),
        sa.CheckConstraint(
            "length(sha256) = 64 AND length(metadata_sha256) = 64", name=op.f("ck_wheels_digests")
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_wheels_size")),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name=op.f("fk_wheels_build_id")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_wheels_release_id")),
        sa.ForeignKeyConstraint(
            ["target_id", "channel"],
            ["targets.id", "targets.channel"],
            name=op.f("fk_wheels_target_id_channel"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wheels")),
        sa.UniqueConstraint("channel", "filename", name=op.f("uq_wheels_channel_filename")),
    )
    op.create_index(op.f("ix_wheels_build_id"), "wheels", ["build_id"], unique=False)
    op.create_index(op.f("ix_wheels_release_id"), "wheels", ["release_id"], unique=False)
    op.create_index(op.f("ix_wheels_sha256"), "wheels", ["sha256"], unique=False)


def _create_wheel_dependencies() -> None:
    op.create_table(
        "wheel_dependencies",
        _key("wheel_id"),
        sa.Column("package", _WORD, nullable=False),
        sa.ForeignKeyConstraint(
            ["wheel_id"], ["wheels.id"], name=op.f("fk_wheel_dependencies_wheel_id")
        ),
        sa.PrimaryKeyConstraint("wheel_id", "package", name=op.f("pk_wheel_dependencies")),
    )
