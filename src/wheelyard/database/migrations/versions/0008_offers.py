"""Room for what builders offer: targets, lanes and speeds."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table; builders fill it when they register again."""
    op.create_table(
        "offers",
        sa.Column("builder_id", _KEY, nullable=False),
        sa.Column("target", sa.String(300), nullable=False),
        sa.Column("lane", sa.String(40), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.CheckConstraint("lane IN ('native', 'emulated', 'cross')", name=op.f("ck_offers_lane")),
        sa.CheckConstraint("speed > 0", name=op.f("ck_offers_speed")),
        sa.ForeignKeyConstraint(["builder_id"], ["builders.id"], name=op.f("fk_offers_builder_id")),
        sa.PrimaryKeyConstraint("builder_id", "target", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_target", "offers", ["target"])
