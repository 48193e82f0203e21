"""A difference between two rows is a sentence that a person can act on. Pure."""

from collections.abc import Mapping
from typing import Any

from app.core.numbers import digits

_SHOWN = 3  # columns of a row
_LONGEST = 60  # characters of a value
_NOT_COMPARED = {"event_key", "deleted_at"}


def row_difference(
    what: str, expected: Mapping[str, Any] | None, found: Mapping[str, Any] | None
) -> str | None:
    """How the replica's row differs from what it should be; None if it does not.

    `what` names the row, such as `Product P1`; None for a row: there is none.
    """
    if expected is None and found is None:
        return None
    if found is None:
        return f"{what} is missing."
    if expected is None:
        return f"{what} is only in the replica."
    differing = [
        name
        for name, value in expected.items()
        if name not in _NOT_COMPARED and value != found[name]
    ]
    if not differing:
        return None
    clauses = [
        f"{name} is {_shown(found[name])} instead of {_shown(expected[name])}"
        for name in differing[:_SHOWN]
    ]
    more = len(differing) - _SHOWN
    return f"{what}: {'; '.join(clauses)}{f'; and {more} more columns' if more > 0 else ''}."


def _shown(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool() | str():
            text = repr(value)
        case dict() | list():
            text = str(value)
        case _:
            text = digits(value) if hasattr(value, "as_tuple") else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
