"""An attribute's values are shown if both are known and short, otherwise only its name. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.core.numbers import digits
from app.core.paths import path_of

MINUS = "\N{MINUS SIGN}"
ARROW = "\N{RIGHTWARDS ARROW}"

# Characters. A row is one line, so longer values are left out.
_VALUE_LIMIT = 24
NONE = object()  # an attribute that the item lacks; its value may be null


def attribute_text(
    name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> str:
    """An attribute's change, with its values if both are known and short: `Price 9 → 8`."""
    if before is None or after is None:
        return name
    was, now = value_in(before, name), value_in(after, name)
    if now is NONE:
        return f"{name} removed"
    new = _short(now)
    if was is NONE:
        return f"{name} added" if new is None else f"{name} {new} added"
    old = _short(was)
    return name if old is None or new is None else f"{name} {old} {ARROW} {new}"


def shown(number: float | str) -> str:
    """A number of an event in plain digits."""
    return digits(Decimal(str(number)))


def signed(number: float | str) -> str:
    """A number with its sign; the minus is U+2212."""
    text = shown(number)
    return "0" if text == "0" else f"{MINUS}{text[1:]}" if text.startswith("-") else f"+{text}"


def found_text(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """An attribute whose value differs from the last known one: `Price 8 instead of 9`."""
    was, now = value_in(before or {}, name), value_in(after or {}, name)
    if was is NONE or now is NONE:
        return attribute_text(name, before, after)
    new, old = _short(now), _short(was)
    return name if new is None or old is None else f"{name} {new} instead of {old}"


def value_in(image: Mapping[str, Any], name: str) -> Any:
    """The value of an attribute, which may lie inside maps (`inventory.qty`), or `NONE`."""
    if name in image:
        return image[name]
    try:
        path = path_of(name)
    except ValueError:  # another program's name, which can be no path
        return NONE
    value: Any = image
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return NONE
        value = value[part]
    return value


def _short(value: Any) -> str | None:
    """A value as short text; None if it is empty, too long, or a map or mixed list."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        value = ", ".join(value)
    if not isinstance(value, str | int):
        return None
    text = str(value)
    return text if 0 < len(text) <= _VALUE_LIMIT else None
