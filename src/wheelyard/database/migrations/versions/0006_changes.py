"""An index for those who copy us: which projects have changed after a serial."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_HAS_CHANGED = sa.text("serial IS NOT NULL")


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "ix_projects_serial",
        "projects",
        ["serial"],
        sqlite_where=_HAS_CHANGED,
        postgresql_where=_HAS_CHANGED,
    )
