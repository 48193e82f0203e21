"""Which items of a table are products: those that a filter pattern over the item matches."""

import json

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
        return frozenset(name for pattern in patterns for name in pattern)

    def __call__(self, item: Item) -> bool:
        """Whether the item is a product."""
        return self._pattern.matches(typed(item))
