"""Whether a product is in a list, and its place there, as the copy's SQL decides it. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from app.readmodel.past.descriptions import DescribedRow
from app.readmodel.products.product_query import ProductQuery, limits, part_of, words_of
from app.readmodel.products.product_row import ProductRow, spaced, storable
from app.readmodel.schema import NO_NUMBER

_Row = ProductRow | DescribedRow


class PastFilter:
    """Tests products one by one against a query."""

    def __init__(self, query: ProductQuery) -> None:
        self._column = query.column
        self._tests = list(_tests(query))

    def place(self, row: _Row) -> tuple[Any, str]:
        """The product's place in the list's order: its sort key and its id."""
        return getattr(row, self._column), row.id

    def admits(self, row: _Row) -> bool:
        """Whether the product is in the list; `deleted` is the caller's to test."""
        return all(test(row) for test in self._tests)


def _tests(query: ProductQuery) -> Iterator[Callable[[_Row], bool]]:
    """A test for each condition of the query."""
    if query.category is not None:
        category = storable(query.category)
        yield lambda row: row.category == category
    if query.tag is not None:
        tag = storable(query.tag)
        yield lambda row: tag in row.tags
    if query.low:
        yield lambda row: row.low
    if query.out:
        yield lambda row: NO_NUMBER < row.stock <= 0
    for name, pair in query.ranges.items():
        yield _range_test(name, *limits(*pair))
    for word in words_of(query.q):
        yield _word_test(spaced(word), part_of(word))


def _range_test(name: str, least: float, most: float) -> Callable[[_Row], bool]:
    return lambda row: bool(least <= getattr(row, name) <= most)


def _word_test(word: str, part: str | None) -> Callable[[_Row], bool]:
    return lambda row: word in row.words or (part is not None and part in row.codes)
