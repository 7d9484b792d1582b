"""The schema's frame: naming, and the columns and constraints that tables have in common."""

from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, MetaData, false, text
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from wheelyard.database.columns import Key, one_of

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""All tables; the convention gives every constraint a name, so that migrations can change it."""


def row_id() -> Column[int]:
    """Return the column of a row's number."""
    return Column("id", Key, primary_key=True)


def reference(name: str, table: str, **options: Any) -> Column[int]:  # noqa: ANN401 - Column's options
    """Return a column that refers to the number of another table's row."""
    return Column(name, Key, ForeignKey(f"{table}.id"), **{"nullable": False} | options)


def flag(name: str) -> Column[bool]:
    """Return a column that is true or false."""
    return Column(name, Boolean(create_constraint=True, name=name), nullable=False)


def added(name: str, kind: type[TypeEngine[Any]], default: int) -> Column[Any]:
    """Return a column that an existing table got later: rows that were there have the default.

    `default` 0 is false where `kind` is Boolean.
    """
    value = false() if kind is Boolean else text(str(default))
    return Column(name, kind, server_default=value, nullable=False)


def member(column: str, enum: type[StrEnum] | type[IntEnum]) -> CheckConstraint:
    """Return the constraint that a column holds a member of an enum."""
    return CheckConstraint(one_of(column, enum), name=column)


def partial_index(name: str, *columns: Any, where: str, unique: bool = False) -> SchemaItem:  # noqa: ANN401 - columns and expressions
    """Return an index of the rows for which a condition holds."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
