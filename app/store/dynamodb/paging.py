"""A page is its items and an opaque cursor to the next; no cursor means the end."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.core.errors import InvalidCursor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order, and the cursor of the next page (None: the end)."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(position: str) -> str:
    """A position as an opaque, URL-safe cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(
    cursor: str, fits: Callable[[str], bool] = lambda _: True, longest: int = 2048
) -> str:
    """The position in a cursor; `fits` must accept it, and it has at most `longest` bytes.

    Raises:
        InvalidCursor: `encode_cursor` did not make this cursor.

    """
    try:
        position = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
    except (binascii.Error, ValueError):
        position = ""
    if (
        not 1 <= len(position.encode()) <= longest
        or encode_cursor(position) != cursor
        or not fits(position)
    ):
        raise InvalidCursor(
            "`cursor` was not returned by any page. Start again without it.",
            extra={"errors": [{"pointer": "?cursor", "detail": "unknown cursor"}]},
        )
    return position
