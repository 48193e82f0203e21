"""The cursor of a list of products holds its place in the order, and the time of the first page."""

import base64
import binascii

import orjson

from app.core.errors import InvalidCursor


def cursor_of(name: str, today: float, place: float, last: str) -> str:
    """The cursor of the products after the one with this value of the order and this id."""
    data = orjson.dumps([name, today, place, last])
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def place_of(name: str, cursor: str) -> tuple[float, float, str]:
    """When the first page was read, and the last product's value of the order and id.

    Raises:
        InvalidCursor: no page of the list with this name returned the cursor.

    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found, today, place, last = orjson.loads(data)
    except (binascii.Error, ValueError, TypeError):
        found = None
    if (
        found != name
        or not isinstance(today, (int, float))
        or not isinstance(place, (int, float))
        or not isinstance(last, str)
    ):
        raise InvalidCursor(
            "No page of this list returned the cursor. Omit it to start again.",
            extra={"errors": [{"pointer": "?cursor", "detail": "unknown cursor"}]},
        )
    return float(today), float(place), last
