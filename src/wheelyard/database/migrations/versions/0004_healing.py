"""Room for healing: what builds were made with, why they failed, and what projects need."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(300)
_LABEL = sa.String(40)
_JSON = sa.JSON(none_as_null=True)
_VERDICTS = (
    "'needs-build', 'covered-upstream', 'built', 'checked', 'failed', {new}'waits-for-probe',"
    " 'opted-out', 'no-sdist', 'python-excluded', 'yanked', 'skipped', 'quarantined'"
)
_FAILURES = (
    "'missing-system-package', 'missing-build-dependency', {new}'wants-network',"
    " 'python-incompatible', 'compile-error', 'metadata-invalid', 'no-sdist', 'sdist-invalid',"
    " 'hash-mismatch', 'opted-out', 'timeout', 'out-of-memory', 'process-limit', 'disk-full',"
    " 'output-limit', 'output-invalid', 'infrastructure', 'unknown'"
)


def upgrade() -> None:
    """Add columns and tables, and move the recipes, of which a project may now have several."""
    _add_columns()
    _widen("decisions", "verdict", _VERDICTS, new="'healing', 'waits-for-dependency', ")
    _widen("builds", "failure_kind", _FAILURES, new="'no-dependency-wheel', ")
    _move_recipes()
    op.create_table(
        "waits",
        sa.Column("release_id", _KEY, nullable=False),
        sa.Column("target_id", _KEY, nullable=False),
        sa.Column("project_id", _KEY, nullable=False),
        sa.Column("requirement", _WORD, nullable=False),
        sa.Column("version", _WORD),
        sa.Column("dead_end", sa.Text()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("release_id", "target_id", name=op.f("pk_waits")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_waits_{column}"))
            for column, table in (
                ("release_id", "releases"),
                ("target_id", "targets"),
                ("project_id", "projects"),
            )
        ),
    )
    op.create_index(op.f("ix_waits_project_id"), "waits", ["project_id"])


def _add_columns() -> None:
    zero, none = sa.text("0"), sa.false()
    for table, column in (
        ("builds", sa.Column("recipe", _JSON)),
        ("builds", sa.Column("recipe_digest", _WORD)),
        ("builds", sa.Column("healing_round", sa.Integer(), server_default=zero, nullable=False)),
        ("builds", sa.Column("environment", _WORD)),
        ("builds", sa.Column("environment_digest", _WORD)),
        ("builds", sa.Column("unexamined", sa.Boolean(), server_default=none, nullable=False)),
        ("builds", sa.Column("causes", _JSON)),
        ("builds", sa.Column("cause_kind", _WORD)),
        ("builds", sa.Column("cause_subject", _WORD)),
        ("jobs", sa.Column("recipe", _JSON)),
    ):
        op.add_column(table, column)
    for name, columns, where in (
        ("ix_builds_unexamined", ["finished_at"], "unexamined"),
        ("ix_builds_cause", ["cause_kind", "cause_subject"], "cause_kind IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(name, "builds", columns, sqlite_where=condition, postgresql_where=condition)


def _widen(table: str, column: str, labels: str, *, new: str) -> None:
    """Let a column's check allow more labels."""
    old_check = f"{column} IN ({labels.format(new='')})"
    new_check = f"{column} IN ({labels.format(new=new)})"
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, new_check)
        return
    # SQLite cannot alter a CHECK otherwise; its documentation of ALTER TABLE allows this.
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?)"
        " WHERE type = 'table' AND name = ? AND instr(sql, ?) > 0",
        (old_check, new_check, table, old_check),
    )
    if changed.rowcount != 1:
        raise RuntimeError(old_check)
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _move_recipes() -> None:
    """Make a person's recipe for all versions of each that there was."""
    connection = op.get_bind()
    old = sa.table(
        "recipes",
        sa.column("project_id", _KEY),
        sa.column("debian_packages", sa.JSON()),
        sa.column("environment", sa.JSON()),
        sa.column("requirements", sa.JSON()),
        sa.column("updated_at", _TIME),
    )
    rows = connection.execute(sa.select(old)).all()
    op.drop_table("recipes")
    recipes = op.create_table(
        "recipes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("project_id", _KEY, nullable=False),
        sa.Column("origin", _LABEL, nullable=False),
        sa.Column("versions", _WORD, nullable=False),
        sa.Column("recipe", _JSON, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("origin IN ('person', 'learned')", name=op.f("ck_recipes_origin")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_recipes_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipes")),
        sa.UniqueConstraint(
            *("project_id", "origin", "versions"),
            name=op.f("uq_recipes_project_id_origin_versions"),
        ),
    )
    for row in rows:
        told = {
            "debian": row.debian_packages,
            "environment": row.environment,
            "requirements": row.requirements,
        }
        connection.execute(
            sa.insert(recipes).values(
                project_id=row.project_id,
                origin="person",
                versions="",
                recipe={key: value for key, value in told.items() if value},
                updated_at=row.updated_at,
            )
        )
