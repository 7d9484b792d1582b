"""Room for all of upstream: what is due, whose turn it is, who leads, and what was done by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(300)

_VERDICTS = (
    "'needs-build', 'covered-upstream', 'built', 'checked', 'failed', {new}'no-sdist',"
    " 'python-excluded', 'yanked', 'skipped', 'quarantined'"
)
_FAILURES = (
    "'hash-mismatch', {new}'timeout', 'out-of-memory', 'process-limit', 'disk-full',"
    " 'output-limit', 'output-invalid', 'infrastructure', 'unknown'"
)
_FIRST_FAILURES = (
    "'missing-system-package', 'missing-build-dependency', 'wants-network',"
    " 'python-incompatible', 'compile-error', 'metadata-invalid', 'no-sdist', 'sdist-invalid', "
)


def upgrade() -> None:
    """Add columns, tables and indexes, and let the checks know the new labels."""
    _add_columns()
    _widen("decisions", "verdict", _VERDICTS, new="'waits-for-probe', 'opted-out', ")
    _widen("builds", "failure_kind", _FIRST_FAILURES + _FAILURES, new="'opted-out', ")
    _widen("jobs", "state", "{new}'waiting', 'leased'", new="'scheduled', ")
    _change_indexes()
    _create_tables()
    _move_skips()
    op.execute("UPDATE projects SET plan_from = NULL WHERE read_at IS NULL")
    op.execute(
        "UPDATE projects SET due_at = coalesce(retry_at, polled_at, created_at), due_level = 2"
        " WHERE removed_at IS NULL"
    )
    _drop_retries()


def _add_columns() -> None:
    none, zero = sa.false(), sa.text("0")
    for table, column in (
        ("projects", sa.Column("owner", _WORD)),
        ("projects", sa.Column("etag", sa.Text())),
        ("projects", sa.Column("due_at", _TIME)),
        ("projects", sa.Column("due_serial", sa.BigInteger())),
        ("projects", sa.Column("due_level", sa.Integer(), server_default=zero, nullable=False)),
        ("projects", sa.Column("failures", sa.Integer(), server_default=zero, nullable=False)),
        ("projects", sa.Column("plan_level", sa.Integer(), server_default=zero, nullable=False)),
        ("projects", sa.Column("plan_page", sa.Boolean(), server_default=none, nullable=False)),
        ("projects", sa.Column("demand", sa.BigInteger(), server_default=zero, nullable=False)),
        ("projects", sa.Column("followed", sa.Boolean(), server_default=none, nullable=False)),
        ("targets", sa.Column("paused", sa.Boolean(), server_default=none, nullable=False)),
        ("targets", sa.Column("position", sa.Integer(), server_default=zero, nullable=False)),
        ("builders", sa.Column("draining", sa.Boolean(), server_default=none, nullable=False)),
        ("jobs", sa.Column("owner", _WORD)),
        ("jobs", sa.Column("turn", sa.Integer(), server_default=zero, nullable=False)),
        ("jobs", sa.Column("demand", sa.BigInteger(), server_default=zero, nullable=False)),
        ("pages", sa.Column("taken_until", _TIME)),
        ("pages", sa.Column("level", sa.Integer(), server_default=sa.text("1"), nullable=False)),
        ("wheels", sa.Column("withheld", sa.Boolean(), server_default=none, nullable=False)),
        ("wheels", sa.Column("recalled", sa.Boolean(), server_default=none, nullable=False)),
    ):
        op.add_column(table, column)


def _move_skips() -> None:
    """Let projects that were skipped as a whole be skips of every version and target."""
    op.execute(
        "INSERT INTO skips (project_id, versions, target, reason, created_at)"
        " SELECT id, '', '', skip_reason, created_at FROM projects WHERE skip_reason IS NOT NULL"
    )
    op.drop_column("projects", "skip_reason")


def _widen(table: str, column: str, labels: str, *, new: str) -> None:
    """Let a column's check allow more labels."""
    old_check = f"{column} IN ({labels.format(new='')})"
    new_check = f"{column} IN ({labels.format(new=new)})"
    if op.get_bind().dialect.name == "postgresql":
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, new_check)
        return
    _rewrite(table, old_check, new_check)


def _rewrite(table: str, old: str, new: str) -> None:
    """Change the text of a table on SQLite, which cannot alter a CHECK in any other way.

    The content is not touched, so this is what SQLite's documentation of ALTER TABLE allows.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?)"
        " WHERE type = 'table' AND name = ? AND instr(sql, ?) > 0",
        (old, new, table, old),
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"{table} has no {old}")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    # This also has the connection read the schema anew.
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _drop_retries() -> None:
    """Take away when a project was to be tried again: the due list knows now."""
    check = "CONSTRAINT ck_projects_retry CHECK (retry_at IS NULL OR polled_at IS NOT NULL)"
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_projects_retry"), "projects")
    else:
        _rewrite("projects", f", \n\t{check}", "")
    op.drop_column("projects", "retry_at")


def _change_indexes() -> None:
    op.drop_index("ix_projects_to_plan", "projects")
    op.drop_index("ix_jobs_waiting", "jobs")
    op.drop_index("ix_jobs_target_id", "jobs")
    op.create_index(op.f("ix_pages_level_revision"), "pages", ["level", "revision"])
    _index("ix_projects_due", "projects", ["due_level", "due_at"], "due_at IS NOT NULL")
    _index(
        "ix_projects_to_plan",
        "projects",
        ["plan_level", sa.text("demand DESC"), "id"],
        "plan_from IS NOT NULL",
    )
    order: list[str | sa.TextClause] = [
        "target_id",
        "priority",
        "turn",
        sa.text("demand DESC"),
        sa.text("released_at DESC"),
    ]
    _index("ix_jobs_waiting", "jobs", [*order, "id"], "state = 'waiting'")
    _index("ix_jobs_scheduled", "jobs", ["due_at"], "state = 'scheduled'")
    _index("ix_jobs_owner", "jobs", ["owner"], "owner IS NOT NULL AND state <> 'leased'")


def _index(name: str, table: str, columns: list[str | sa.TextClause], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, columns, sqlite_where=condition, postgresql_where=condition, unique=False
    )


def _create_tables() -> None:
    op.create_table(
        "skips",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("project_id", _KEY, nullable=False),
        sa.Column("versions", _WORD, nullable=False),
        sa.Column("target", _WORD, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skips")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_skips_project_id")),
        sa.UniqueConstraint(
            "project_id", "versions", "target", name=op.f("uq_skips_project_id_versions_target")
        ),
    )
    op.create_table(
        "leaders",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("holder", _WORD, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leaders")),
    )
    op.create_table(
        "audit",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_table(
        "listed_projects",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("serial", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_listed_projects")),
    )
