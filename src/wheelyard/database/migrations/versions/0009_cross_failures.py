"""Room for what is known of projects that cross compilers fail with."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.String(300)


def upgrade() -> None:
    """Create the table; nothing is known yet."""
    op.create_table(
        "cross_failures",
        sa.Column("project_id", _KEY, nullable=False),
        sa.Column("architecture", _WORD, nullable=False),
        sa.Column("versions", _WORD, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_cross_failures_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "architecture", name=op.f("pk_cross_failures")),
    )
