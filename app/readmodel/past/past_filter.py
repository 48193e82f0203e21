"""Whether a product is in a list, and its place there, as the copy's SQL decides it. Pure."""

from typing import Any

from app.readmodel.past.descriptions import DescribedRow
from app.readmodel.products.product_query import ProductQuery, limits, part_of, words_of
from app.readmodel.products.product_row import ProductRow, spaced, storable
from app.readmodel.schema import NO_NUMBER


class PastFilter:
    """Tests products one by one against a query."""

    def __init__(self, query: ProductQuery) -> None:
        self._query = query
        self._words = [(spaced(word), part_of(word)) for word in words_of(query.q)]
        self._ranges = [(name, limits(*pair)) for name, pair in query.ranges.items()]

    def place(self, row: ProductRow | DescribedRow) -> tuple[Any, str]:
        """The product's place in the list's order: its sort key and its id."""
        return getattr(row, self._query.column), row.id

    def admits(self, row: ProductRow | DescribedRow) -> bool:
        """Whether the product is in the list; `deleted` is the caller's to test."""
        query = self._query
        return (
            (query.category is None or row.category == storable(query.category))
            and (query.tag is None or storable(query.tag) in row.tags)
            and (not query.low or row.low)
            and (not query.out or NO_NUMBER < row.stock <= 0)
            and all(low <= getattr(row, name) <= high for name, (low, high) in self._ranges)
            and all(
                word in row.words or (part is not None and part in row.codes)
                for word, part in self._words
            )
        )
