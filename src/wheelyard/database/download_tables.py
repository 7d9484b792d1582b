"""The tables of downloads: counts only, kept by day, then by month; names, no references.

Nothing here refers to projects or wheels, so that removing one leaves history as it was. Times
saved are whole milliseconds, so that sums are exact in any order.
"""

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, Table, text

from wheelyard.database.columns import Count, Json, Label, Timestamp, Word
from wheelyard.database.schema import flag, member, metadata, row_id
from wheelyard.model.download import ClientClass, Dimension, Period, RequestKind

counted_files = Table(
    "counted_files",
    metadata,
    row_id(),
    Column("filename", Word, nullable=False, unique=True),
    Column("project", Word, nullable=False, index=True),
)

file_counts = Table(
    "file_counts",
    metadata,
    Column("period", Label(Period), primary_key=True),
    Column("starts_on", Date, primary_key=True),
    # No reference: the database would look each row up, and counted files are never removed.
    Column("file_id", Count, primary_key=True, autoincrement=False),
    Column("architecture", Word, primary_key=True),
    Column("client_class", Label(ClientClass), primary_key=True),
    Column("build_ms", Count, primary_key=True),
    Column("downloads", Count, nullable=False),
    Column("saved_ms", Count, nullable=False),
    Column("comparable_ms", Count, nullable=False),
    member("period", Period),
    member("client_class", ClientClass),
    CheckConstraint(
        "downloads > 0 AND build_ms >= -1 AND saved_ms >= 0 AND comparable_ms >= 0", name="counts"
    ),
)
"""Joint counts; `build_ms` is how long the wheel's build had taken when counted, -1 if unknown."""

project_counts = Table(
    "project_counts",
    metadata,
    Column("period", Label(Period), primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Column("project", Word, primary_key=True),
    Column("downloads", Count, nullable=False),
    Column("searches", Count, nullable=False),
    Column("pages", Count, nullable=False),
    Column("saved_ms", Count, nullable=False),
    Column("comparable_ms", Count, nullable=False),
    member("period", Period),
    CheckConstraint(
        "downloads >= 0 AND searches >= 0 AND pages >= 0 AND saved_ms >= 0 AND comparable_ms >= 0",
        name="counts",
    ),
    Index("ix_project_counts_top", "period", "starts_on", text("downloads DESC")),
    Index("ix_project_counts_project", "project", "period", "starts_on"),
)

client_counts = Table(
    "client_counts",
    metadata,
    Column("period", Label(Period), primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Column("dimension", Label(Dimension), primary_key=True),
    Column("value", Word, primary_key=True),
    Column("downloads", Count, nullable=False),
    member("period", Period),
    member("dimension", Dimension),
    CheckConstraint("downloads > 0", name="counts"),
)

request_counts = Table(
    "request_counts",
    metadata,
    Column("kind", Label(RequestKind), primary_key=True),
    Column("client_class", Label(ClientClass), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("requests", Count, nullable=False),
    Column("saved_ms", Count, nullable=False),
    Column("comparable_ms", Count, nullable=False),
    member("kind", RequestKind),
    member("client_class", ClientClass),
    CheckConstraint("requests > 0 AND saved_ms >= 0 AND comparable_ms >= 0", name="counts"),
)
"""The daily totals, kept for ever."""

log_positions = Table(
    "log_positions",
    metadata,
    Column("source", Word, primary_key=True),
    Column("identity", Word, primary_key=True),
    Column("position", Count, nullable=False),
    flag("finished"),
    Column("updated_at", Timestamp, nullable=False),
    CheckConstraint("position >= 0", name="position"),
)
"""How far each file of each source of log lines has been counted, in bytes."""

log_rejects = Table(
    "log_rejects",
    metadata,
    Column("source", Word, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("lines", Count, nullable=False),
    Column("samples", Json, nullable=False),
    CheckConstraint("lines > 0", name="lines"),
)

hosts_seen = Table(
    "hosts_seen",
    metadata,
    Column("day", Date, primary_key=True),
    Column("digest", Word, primary_key=True),
)
"""Salted digests of the hosts of the last days; the salts are thrown away with them."""

host_counts = Table(
    "host_counts",
    metadata,
    Column("day", Date, primary_key=True),
    Column("hosts", Integer, nullable=False),
)
