"""Which items of a table are products: those that a filter pattern over the item matches."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.core.item import Item
from app.filters.document import typed
from app.filters.pattern import parse_filter


class Selection:
    """A compiled `STOCKPULSE_PRODUCTS_FILTER`; call it with an item in typed form."""

    def __init__(self, text: str) -> None:
        """Raises FilterError if the text is no filter pattern."""
        self._text = text
        self._pattern = parse_filter(text)

    @property
    def names(self) -> frozenset[str]:
        """The attributes that the filter names."""
        criteria = json.loads(self._text)
        filters = criteria.get("Filters")
        patterns = (
            [criteria] if filters is None else [json.loads(one["Pattern"]) for one in filters]
        )
        return frozenset(name for pattern in patterns for name in _names(pattern))

    def __repr__(self) -> str:
        return f"Selection({self._text!r})"

    def __call__(self, item: Item) -> bool:
        """Whether the item is a product."""
        return self._pattern.matches(typed(item))


def _names(pattern: Mapping[str, Any]) -> Iterator[str]:
    for name, rule in pattern.items():
        if name == "$or":
            for alternative in rule:
                yield from _names(alternative)
        else:
            yield name
