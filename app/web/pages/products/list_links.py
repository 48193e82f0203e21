"""A list's filters are in its address, so that each link of the page keeps the others. Pure."""

from collections.abc import Mapping
from urllib.parse import urlencode

from app.readmodel.products.product_query import ProductQuery, SortKey

# Sorted by one of these, the greatest comes first at the first click.
_GREATEST_FIRST = {"stock", "price", "updated_at"}


def parameters(query: ProductQuery) -> dict[str, str]:
    """The query's parameters as the address has them."""
    order = ("-" if query.descending else "") + query.sort
    flags = {"low": query.low, "out": query.out, "deleted": query.deleted}
    given = {
        "q": query.q,
        "category": query.category,
        "tag": query.tag,
        **{name: "true" for name, is_set in flags.items() if is_set},
        "sort": None if order == "id" else order,
    }
    for name, limits in query.ranges.items():
        for prefix, limit in zip(("min", "max"), limits, strict=True):
            given[f"{prefix}_{name}"] = None if limit is None else f"{limit:f}"
    may_be_empty = {"category", "tag"}
    return {n: value for n, value in given.items() if value or (n in may_be_empty and value == "")}


class ListLinks:
    """The addresses of a list's other pages and orders."""

    def __init__(self, path: str, query: ProductQuery) -> None:
        self._path = path
        self._query = query
        self._given = parameters(query)

    @property
    def query(self) -> str:
        """The filters and the order, as the address has them."""
        return urlencode(self._given)

    def page(self, cursor: str | None = None) -> str:
        """The page after the cursor; without one the first."""
        return self._address(self._given if cursor is None else {**self._given, "cursor": cursor})

    def sorted(self, key: SortKey) -> str:
        """The same list in the order of this field, or in the opposite order."""
        descending = key in _GREATEST_FIRST
        if key == self._query.sort:
            descending = not self._query.descending
        return self._address({**self._given, "sort": ("-" if descending else "") + key})

    def order(self, key: SortKey) -> str:
        """The value of `aria-sort` of this field's column."""
        if key != self._query.sort:
            return "none"
        return "descending" if self._query.descending else "ascending"

    def without(self, name: str) -> str:
        """The same list without this filter."""
        return self._address({n: value for n, value in self._given.items() if n != name})

    def export(self) -> str:
        """The page that exports the list."""
        return self._address(self._given, "/export")

    def file(self, form: str) -> str:
        """The whole list as a file of this format."""
        return self._address({**self._given, "format": form}, "/export/file")

    def watch(self) -> str:
        """The query of a new rule for these products; empty for all products."""
        chosen = {name: value for name, value in self._given.items() if name != "sort"}
        if not chosen:
            return ""
        if chosen.keys() == {"category"} and self._query.category:
            return urlencode(chosen)
        return urlencode({"search": urlencode(chosen)})

    def _address(self, given: Mapping[str, str], below: str = "") -> str:
        path = self._path + below
        return f"{path}?{urlencode(given)}" if given else path
