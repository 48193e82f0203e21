"""A cursor of a list of events carries its order and a place in it. Pure."""

import re

from app.core.errors import InvalidCursor
from app.readmodel.events.event_query import Order

_FORM = re.compile(r"e\.(newest|oldest)\.([0-9a-f]{1,16})")


def encode_number(order: Order, number: int) -> str:
    """The cursor of the page after the event with this number."""
    return f"e.{order}.{number:x}"


def is_number(cursor: str) -> bool:
    """Whether this can be a cursor of these lists; those of the timeline are event cursors."""
    return cursor.startswith("e.")


def decode_number(order: Order, cursor: str) -> int:
    """The number in a cursor.

    Raises:
        InvalidCursor: it was not returned by a page in this order.

    """
    match = _FORM.fullmatch(cursor)
    number = int(match[2], 16) if match else 0
    if match is None or number >= 2**63 - 1:
        detail = "was not returned by a page of this list. Start again without it."
    elif match[1] != order:
        detail = f"is of a page with `order={match[1]}`. Use that order, or start again without it."
    else:
        return number
    raise InvalidCursor(
        f"`cursor` {detail}",
        extra={"errors": [{"pointer": "?cursor", "detail": "unknown cursor"}]},
    )
