"""A known attribute may lie inside maps: `inventory.qty` is `qty` in the map `inventory`.

A dot that is part of a name is written twice. Items are in typed form and are never changed. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_DOT = re.compile(r"(?<!\.)\.(?!\.)")
_UNCLEAR = re.compile(r"(?<!\.)\.(\.\.)+(?!\.)")
_IN_LIST = re.compile(r"\[\d+\]$")
_DEEPEST = 32  # DynamoDB's limit for nested attributes

Path = tuple[str, ...]


@lru_cache(512)
def path_of(name: str) -> Path:
    """The attribute names from the outermost map to the value.

    Raises:
        ValueError: a part is empty or longer than 255 bytes, names an element of a list, or there
            are more than 32.

    """
    if _UNCLEAR.search(name):
        raise ValueError("must not have three dots in a row: one separates, two are part of a name")
    if "." not in name:
        parts: list[str] = [name]
    else:
        parts = [part.replace("..", ".") for part in _DOT.split(name)]
    if any(not 1 <= len(part.encode()) <= 255 for part in parts):
        raise ValueError("must be 1 to 255 bytes long, or such names joined by dots")
    if len(parts) > 1 and any(_IN_LIST.search(part) for part in parts):
        raise ValueError(
            "must not lead through a list: only maps can be named, as in inventory.qty"
        )
    if len(parts) > _DEEPEST:
        raise ValueError(f"must not be more than {_DEEPEST} names deep")
    return tuple(parts)


def name_in_events(name: str) -> str:
    """The name as events have it: a path, or a top-level name with its dots as they are."""
    path = path_of(name)
    return path[0] if len(path) == 1 else name


def value_at(item: Mapping[str, Any] | None, path: Path) -> Any:
    """The value at the path, such as `{"N": "5"}`; None if there is none."""
    value = item.get(path[0]) if item else None
    if len(path) == 1:  # nearly always
        return value
    for part in path[1:]:
        members = value.get("M") if value is not None else None
        value = members.get(part) if members is not None else None
    return value


def with_value(item: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The item with the value at the path (None: without it); missing maps are added."""
    first, *rest = path
    if rest:
        if value is None and first not in item:
            return dict(item)
        members = item.get(first, {}).get("M", {})
        value = {"M": with_value(members, tuple(rest), value)}
    kept = {name: other for name, other in item.items() if name != first or value is not None}
    return kept if value is None else {**kept, first: value}


def without(item: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """The item without these values, and without the maps on the way that hold nothing else."""
    paths = tuple(paths)
    whole = {path[0] for path in paths if len(path) == 1}
    left = {name: value for name, value in item.items() if name not in whole}
    for path in (one for one in paths if len(one) > 1):
        if value_at(left, path) is not None:
            left = with_value(left, path, None)
        for depth in range(len(path) - 1, 0, -1):
            if value_at(left, path[:depth]) == {"M": {}}:
                left = with_value(left, path[:depth], None)
    return left


def first_missing(item: Mapping[str, Any], path: Path) -> Path:
    """The path itself, or the outermost map on the way that the item lacks."""
    for depth in range(1, len(path)):
        if value_at(item, path[:depth]) is None:
            return path[:depth]
    return path


def blocked_at(item: Mapping[str, Any], path: Path) -> Path | None:
    """The part of the path where the item has something other than a map, so nothing fits in."""
    for depth in range(1, len(path)):
        value = value_at(item, path[:depth])
        if value is not None and "M" not in value:
            return path[:depth]
    return None
