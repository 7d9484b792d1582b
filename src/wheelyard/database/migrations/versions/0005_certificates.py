"""Room for certificates: what was checked of each wheel."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table; wheels that are there have no certificate until they are checked again."""
    op.create_table(
        "certificates",
        sa.Column("wheel_id", _KEY, nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "passed",
            sa.Boolean(create_constraint=True, name=op.f("ck_certificates_passed")),
            nullable=False,
        ),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["wheel_id"], ["wheels.id"], name=op.f("fk_certificates_wheel_id")),
        sa.PrimaryKeyConstraint("wheel_id", name=op.f("pk_certificates")),
    )
