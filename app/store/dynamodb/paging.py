"""A page is its items and an opaque cursor to the next; no cursor means the end.

It ends early if its items are large, so that no request fills the memory.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.core.errors import InvalidCursor
from app.core.events import ChangeEvent

T = TypeVar("T")

PAGE_BYTES = 4 * 1024 * 1024  # of items, roughly, after which a page ends


class PageRoom:
    """The room that a page has for further items: a number of them, and of bytes together.

    The item that exceeds the bytes is the page's last, so every page has one.
    """

    def __init__(self, limit: int, most_bytes: int = PAGE_BYTES) -> None:
        self.items = limit
        self._bytes = most_bytes

    def take(self, size: int, items: int = 1) -> None:
        """Count items that were added to the page, of `size` bytes together."""
        self.items -= items
        self._bytes -= size

    @property
    def full(self) -> bool:
        """Whether the page must end."""
        return self.items <= 0 or self._bytes <= 0


def event_size(event: ChangeEvent) -> int:
    """The approximate size of an event with its images, in bytes."""
    return 500 + sum(map(value_size, (event.before or {}, event.after or {}, event.changed)))


def value_size(value: Any) -> int:
    """The approximate size of an item or an attribute value in typed form, in bytes."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value)
    if kind is dict or isinstance(value, Mapping):  # the quick question first: it is asked often
        size = 0
        for name, member in value.items():
            size += len(name)
            if type(member) is dict and len(member) == 1:  # typed, such as {"S": "…"}
                ((name, member),) = member.items()
                size += len(name)
            size += len(member) if type(member) is str else value_size(member)
        return size
    if isinstance(value, (list, tuple, set)):
        return sum(map(value_size, value))
    return len(value) if isinstance(value, (str, bytes)) else 8


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
