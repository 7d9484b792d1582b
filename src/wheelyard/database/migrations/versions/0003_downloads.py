"""Room for downloads: counts by day and month, and how far logs have been read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(300)
_LABEL = sa.String(40)

_PERIODS = "period IN ('day', 'month', 'all')"
_CLASSES = "client_class IN ('installer', 'browser', 'mirror', 'robot', 'other')"


def upgrade() -> None:
    """Create the tables, and an index to find wheels by their names."""
    op.create_index(op.f("ix_wheels_filename"), "wheels", ["filename"])
    op.add_column(
        "projects",
        sa.Column("ranked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.execute("UPDATE projects SET ranked = demand WHERE demand <> 0")
    _files()
    _projects()
    _clients()
    _logs()


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _files() -> None:
    op.create_table(
        "counted_files",
        _key("id", _KEY),
        _key("filename", _WORD),
        _key("project", _WORD),
        _primary("counted_files", "id"),
        sa.UniqueConstraint("filename", name=op.f("uq_counted_files_filename")),
    )
    op.create_index(op.f("ix_counted_files_project"), "counted_files", ["project"])
    op.create_table(
        "file_counts",
        _key("period", _LABEL),
        _key("starts_on", sa.Date()),
        _count("file_id"),
        _key("architecture", _WORD),
        _key("client_class", _LABEL),
        *map(_count, ("build_ms", "downloads", "saved_ms", "comparable_ms")),
        _primary(
            "file_counts",
            *("period", "starts_on", "file_id", "architecture", "client_class", "build_ms"),
        ),
        _check("file_counts", "period", _PERIODS),
        _check("file_counts", "client_class", _CLASSES),
        _check(
            "file_counts",
            "counts",
            "downloads > 0 AND build_ms >= -1 AND saved_ms >= 0 AND comparable_ms >= 0",
        ),
    )


def _projects() -> None:
    op.create_table(
        "project_counts",
        _key("period", _LABEL),
        _key("starts_on", sa.Date()),
        _key("project", _WORD),
        *map(_count, ("downloads", "searches", "pages", "saved_ms", "comparable_ms")),
        _primary("project_counts", "period", "starts_on", "project"),
        _check("project_counts", "period", _PERIODS),
        _check(
            "project_counts",
            "counts",
            "downloads >= 0 AND searches >= 0 AND pages >= 0"
            " AND saved_ms >= 0 AND comparable_ms >= 0",
        ),
    )
    op.create_index(
        "ix_project_counts_top",
        "project_counts",
        ["period", "starts_on", sa.text("downloads DESC")],
    )
    op.create_index(
        "ix_project_counts_project", "project_counts", ["project", "period", "starts_on"]
    )


def _clients() -> None:
    op.create_table(
        "client_counts",
        _key("period", _LABEL),
        _key("starts_on", sa.Date()),
        _key("dimension", _LABEL),
        _key("value", _WORD),
        _count("downloads"),
        _primary("client_counts", "period", "starts_on", "dimension", "value"),
        _check("client_counts", "period", _PERIODS),
        _check(
            "client_counts",
            "dimension",
            "dimension IN ('installer', 'python', 'implementation', 'distribution', 'libc',"
            " 'architecture', 'ci')",
        ),
        _check("client_counts", "counts", "downloads > 0"),
    )
    op.create_table(
        "request_counts",
        _key("kind", _LABEL),
        _key("client_class", _LABEL),
        _key("day", sa.Date()),
        *map(_count, ("requests", "saved_ms", "comparable_ms")),
        _primary("request_counts", "kind", "client_class", "day"),
        _check(
            "request_counts",
            "kind",
            "kind IN ('download', 'metadata', 'search', 'page', 'json')",
        ),
        _check("request_counts", "client_class", _CLASSES),
        _check(
            "request_counts",
            "counts",
            "requests > 0 AND saved_ms >= 0 AND comparable_ms >= 0",
        ),
    )


def _logs() -> None:
    op.create_table(
        "log_positions",
        _key("source", _WORD),
        _key("identity", _WORD),
        _count("position"),
        _key(
            "finished",
            sa.Boolean(create_constraint=True, name=op.f("ck_log_positions_finished")),
        ),
        _key("updated_at", _TIME),
        _primary("log_positions", "source", "identity"),
        _check("log_positions", "position", "position >= 0"),
    )
    op.create_table(
        "log_rejects",
        _key("source", _WORD),
        _key("day", sa.Date()),
        _count("lines"),
        _key("samples", sa.JSON()),
        _primary("log_rejects", "source", "day"),
        _check("log_rejects", "lines", "lines > 0"),
    )
    op.create_table(
        "hosts_seen",
        _key("day", sa.Date()),
        _key("digest", _WORD),
        _primary("hosts_seen", "day", "digest"),
    )
    op.create_table(
        "host_counts",
        _key("day", sa.Date()),
        _key("hosts", sa.Integer()),
        _primary("host_counts", "day"),
    )
