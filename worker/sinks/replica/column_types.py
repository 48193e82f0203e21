"""Column types that keep every digit, instant and JSON value the same on PostgreSQL and SQLite."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from app.core.numbers import json_number

# JSON with SQL NULL for None. JSONB, because its members can be searched and indexed.
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# Event keys and product ids compare byte by byte, whatever the database's language is. SQLite
# always does that.
Key = Text().with_variant(Text(collation="C"), "postgresql")


class _AnyNumber(UserDefinedType[Any]):
    """A column whose values SQLite stores as they are.

    A name with `BLOB` has no affinity; any numeric one turns long decimals into floats.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "DECIMAL_BLOB"


class Exact(TypeDecorator[Decimal]):
    """An exact decimal: `numeric` on PostgreSQL.

    SQLite has no decimals: it gets an integer or a float where that has every digit, so that people
    can compare and add, and else the digits as text.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of the database."""
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(_AnyNumber() if sqlite else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """The value as the database gets it."""
        return json_number(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, _: Dialect) -> Decimal | None:
        """The value as it was written."""
        return None if value is None else Decimal(str(value))


class Instant(TypeDecorator[datetime]):
    """A time with its zone: `timestamptz` on PostgreSQL, UTC without a zone on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of the database."""
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(DateTime() if sqlite else TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The value as the database gets it."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """The value as it was written."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
