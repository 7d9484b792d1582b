"""Which wheels fit other distribution releases too: those that keep to what manylinux promises."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WHEELS = sa.table(
    "wheels",
    sa.column("id", sa.BigInteger()),
    sa.column("filename", sa.Text()),
    sa.column("portable_from", sa.BigInteger()),
)
_NEEDED = sa.table("wheel_dependencies", sa.column("wheel_id", sa.BigInteger()))
_PLATFORMS = re.compile(r"-([^-]+)\.whl$")
_MANYLINUX = re.compile(r"manylinux_2_(\d{1,4})_\w+")
_NARROW = ("_armv6l", "_armv7l", "_i686")


def upgrade() -> None:
    """Add the column, and fill it as it would have been filled when each wheel was published."""
    op.add_column("wheels", sa.Column("portable_from", sa.BigInteger()))
    connection = op.get_bind()
    found = connection.execute(
        sa.select(_WHEELS.c.id, _WHEELS.c.filename).where(
            _WHEELS.c.filename.contains("manylinux_2_"),
            ~sa.exists().where(_NEEDED.c.wheel_id == _WHEELS.c.id),
        )
    ).all()
    for row in found:
        minor = _portable_from(row.filename)
        if minor is not None:
            connection.execute(
                sa.update(_WHEELS).where(_WHEELS.c.id == row.id).values(portable_from=minor)
            )


def _portable_from(filename: str) -> int | None:
    match = _PLATFORMS.search(filename)
    platforms = match[1].split(".") if match else []
    if any(platform.endswith(_NARROW) for platform in platforms):
        return None
    minors = [int(each[1]) for each in map(_MANYLINUX.fullmatch, platforms) if each]
    return min(minors, default=None)
