"""The saved searches of products, which the list offers as links."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from app.readmodel.events.qualifiers import InvalidSearch
from app.readmodel.products.product_query import ProductQuery
from app.web.pages.products.list_links import ListLinks, parameters
from app.web.requests.product_filters import query_in
from app.web.services import Services


@dataclass(frozen=True, slots=True)
class SavedList:
    """A saved search, the address of its list, and whether that is the list on the page."""

    name: str
    path: str
    is_shown: bool


def saved_lists(services: Services, shown: ProductQuery) -> list[SavedList]:
    """All saved searches of products, by name."""
    return list(_saved_lists(services, shown))


def _saved_lists(services: Services, shown: ProductQuery) -> Iterator[SavedList]:
    path, found = f"{services.settings.base_path}/products", parameters(shown)
    for view in services.store.views.all("products"):
        with suppress(InvalidSearch):  # it was saved by a newer version
            query = query_in(view.q, "")
            query = replace(query, category=query.category or None)
            yield SavedList(view.name, ListLinks(path, query).page(), parameters(query) == found)
