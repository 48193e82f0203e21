"""The names of a deployment's tables, and the error for a table that cannot be used."""

from dataclasses import dataclass


class TableError(Exception):
    """A table cannot be used as it is; the message says what to change."""


@dataclass(frozen=True, slots=True)
class TableNames:
    """The names of all tables of a deployment."""

    products: str
    audit: str
    feed: str
    checkpoints: str
    dead_letters: str
    idempotency: str
    settings: str
    existing: bool = False  # the products table is never created
    key: tuple[str | None, str | None] = (None, None)  # its key's names as set; None: as they are


def table_names(
    prefix: str,
    products: str | None,
    *,
    existing: bool = False,
    key: tuple[str | None, str | None] = (None, None),
) -> TableNames:
    """The table names with the prefix; `products`, if given, names an existing table exactly."""
    return TableNames(
        products=products or f"{prefix}Products",
        audit=f"{prefix}ProductEvents",
        feed=f"{prefix}Feed",
        checkpoints=f"{prefix}StreamCheckpoints",
        dead_letters=f"{prefix}DeadLetters",
        idempotency=f"{prefix}IdempotencyKeys",
        settings=f"{prefix}Settings",
        existing=existing or products is not None,
        key=key,
    )
