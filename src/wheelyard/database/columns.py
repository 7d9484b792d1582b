"""Column types that take the model's values and give them back, the same on both databases.

What a column cannot hold exactly on both is refused here with `BadInput`, or cleaned where the
text is prose from elsewhere, so that one character of a build log never stops the queue.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from wheelyard.errors import BadInput

_WORD_LENGTH = 300
_LABEL_LENGTH = 40
_INT64_MAX = 2**63 - 1
_SHOWN = 80
_StrEnumT = TypeVar("_StrEnumT", bound=StrEnum)
_IntEnumT = TypeVar("_IntEnumT", bound=IntEnum)

Key: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""A row's number; SQLite only counts up by itself what it calls INTEGER."""

Json = JSON(none_as_null=True)
"""A value as JSON, kept as text (not `jsonb`, which refuses U+0000)."""


def clean(text: str) -> str:
    """Return text with what PostgreSQL or UTF-8 cannot hold (NUL, surrogates) as U+FFFD."""
    return text.replace("\0", "\ufffd").encode(errors="surrogatepass").decode(errors="replace")


def _is_storable(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Word(TypeDecorator[str]):
    """A short text that identifies something: stored exactly or refused, at most 300 characters."""

    impl = String(_WORD_LENGTH)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what cannot be stored exactly."""
        if value is None:
            return None
        if len(value) > _WORD_LENGTH:
            raise BadInput(repr(value[:_SHOWN]), f"At most {_WORD_LENGTH} characters are allowed")
        return _exact(value)


class ExactText(TypeDecorator[str]):
    """A text of any length, such as a URL: stored exactly or refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what cannot be stored exactly."""
        return None if value is None else _exact(value)


class Prose(TypeDecorator[str]):
    """A text for people, of any length: what cannot be stored becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Clean the text."""
        return None if value is None else clean(value)


def _exact(value: str) -> str:
    if not _is_storable(value):
        raise BadInput(repr(value[:_SHOWN]), "NUL characters and lone surrogates are not allowed")
    return value


class Count(TypeDecorator[int]):
    """A whole number that fits into 64 bits."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what does not fit."""
        if value is not None and not -_INT64_MAX <= value <= _INT64_MAX:
            raise BadInput(str(value)[:_SHOWN], "The number is too large")
        return value


class Timestamp(TypeDecorator[datetime]):
    """An aware moment in UTC, to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment into UTC; SQLite keeps it without saying so."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise BadInput(value, "A moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Label(TypeDecorator[_StrEnumT]):
    """A member of one of the model's enums, by its value."""

    impl = String(_LABEL_LENGTH)
    cache_ok = True

    def __init__(self, enum: type[_StrEnumT]) -> None:
        """Store members of `enum`; what may be stored is a CHECK, see `one_of`."""
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: _StrEnumT | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store the member's value."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> _StrEnumT | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Give the member back."""
        return None if value is None else self.enum(value)


class Level(TypeDecorator[_IntEnumT]):
    """A member of one of the model's numeric enums, by its number."""

    impl = Integer
    cache_ok = True

    def __init__(self, enum: type[_IntEnumT]) -> None:
        """Store members of `enum`; what may be stored is a CHECK, see `one_of`."""
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: _IntEnumT | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store the member's number."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> _IntEnumT | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Give the member back."""
        return None if value is None else self.enum(value)


def one_of(column: str, enum: type[StrEnum] | type[IntEnum]) -> str:
    """Return the SQL of a CHECK that a column holds one of an enum's members."""
    members: Iterable[StrEnum | IntEnum] = enum
    values = ", ".join(
        f"'{member.value}'" if isinstance(member, StrEnum) else str(member.value)
        for member in members
    )
    return f"{column} IN ({values})"
