"""The demo shop needs a table that its made-up products fit into."""

from app.core.item import AttributeNames


class DemoRefused(Exception):
    """The demo cannot write to this store; the message says why and what to do."""


def fits(names: AttributeNames) -> bool:
    """Whether the demo's products can be items of the table, and count as products."""
    in_key = any(path[0] in names.key.names for path in names.known_paths)
    return names.key.is_text and names.selects is None and not in_key


def check_fits(names: AttributeNames) -> None:
    """Return if the demo's products fit into the table.

    Raises:
        DemoRefused: they do not.

    """
    if not fits(names):
        raise DemoRefused(
            "the demo needs a products table whose key is one string that is nothing else, and no "
            "STOCKPULSE_PRODUCTS_FILTER: set STOCKPULSE_PRODUCTS_TABLE to nothing and "
            "STOCKPULSE_TABLE_PREFIX to a new prefix, so that Stockpulse creates tables for it"
        )
