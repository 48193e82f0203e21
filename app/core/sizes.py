"""Approximate sizes in bytes, for bounds; they are cheap and need no encoding."""

from collections.abc import Mapping
from typing import Any

from app.core.events import ChangeEvent


def event_size(event: ChangeEvent) -> int:
    """The size of an event with its images."""
    return (
        500
        + value_size(event.before or {})
        + value_size(event.after or {})
        + value_size(event.changed)
    )


def value_size(value: Any) -> int:
    """The size of an item or an attribute value in typed form."""
    if isinstance(value, Mapping):
        return sum(len(name) + value_size(member) for name, member in value.items())
    if isinstance(value, (list, tuple, set)):
        return sum(map(value_size, value))
    return len(value) if isinstance(value, (str, bytes)) else 8
