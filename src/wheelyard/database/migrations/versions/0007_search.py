"""Indexes for searching projects: by the beginning of their names, and the most wanted ones."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IS_ASKED_FOR = sa.text("demand > 0")


def upgrade() -> None:
    """Create the indexes."""
    op.create_index(
        "ix_projects_search",
        "projects",
        ["name", "demand"],
        postgresql_ops={"name": "text_pattern_ops"},
    )
    op.create_index(
        "ix_projects_demand",
        "projects",
        [sa.text("demand DESC"), "name"],
        sqlite_where=_IS_ASKED_FOR,
        postgresql_where=_IS_ASKED_FOR,
    )
