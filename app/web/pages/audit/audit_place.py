"""Where a reader of the Audit page is: the search, the page of its list and the chosen event.

All of it is in the address, so that every link keeps the rest.
"""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from app.broker.filters import EVERYTHING
from app.readmodel.events.event_query import Order
from app.readmodel.events.qualifiers import parse
from app.store.access.saved_views import View
from app.web.pages.audit.query_text import State, state_of, toggled
from app.web.requests.event_filters import EventSearch
from app.web.requests.parameters import ServicesDep
from app.web.schemas.view_models import Q_LENGTH


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """The search `view`, whose name is empty if it is not a saved one; `path` is the page's."""

    path: str
    view: View
    cursor: str | None = None
    event: str = ""

    @property
    def order(self) -> Order:
        """Which events come first."""
        return "oldest" if self.view.order == "oldest" else "newest"

    def search(self, zone: ZoneInfo) -> EventSearch:
        """The search as a query.

        Raises:
            InvalidSearch: says what is wrong at which place of the text.

        """
        q = self.view.q
        return EventSearch(parse(q, zone), EVERYTHING, only_live=not q.strip())

    def page(self, cursor: str | None = None) -> str:
        """The address of the list after the cursor; without one of its first page."""
        return self._address("", cursor=cursor)

    def here(self) -> str:
        """The address of this page of the list without a chosen event."""
        return self._address("", cursor=self.cursor)

    def choose(self, event_id: str) -> str:
        """The address of this page of the list with this event beside it."""
        return self._address("", cursor=self.cursor, event=event_id)

    def chosen(self) -> str:
        """The address of this page of the list with the event that is chosen, if any."""
        return self._address("", cursor=self.cursor, event=self.event or None)

    def counted(self) -> str:
        """The address of this page with the facets' counts."""
        return self._address("", cursor=self.cursor, event=self.event or None, facets="1")

    def facets(self) -> str:
        """The address of the facets alone."""
        return self._address("/facets")

    def of(self, q: str) -> str:
        """The address of another search in the same order."""
        given = {"q": q, "order": self.order if self.order == "oldest" else None}
        return _address(self.path, given)

    def state(self, qualifier: str, value: str) -> State:
        """Whether the search has the qualifier's value, or excludes it."""
        return state_of(self.view.q, qualifier, value)

    def toggled(self, qualifier: str, value: str, *, negated: bool) -> str:
        """The address of the search with the qualifier's value, or without it if it has it."""
        return self.of(toggled(self.view.q, qualifier, value, negated=negated))

    def only(self, qualifier: str, value: str) -> str:
        """The address of the search for a qualifier's value alone; empty if it is too long."""
        q = toggled("", qualifier, value, negated=False)
        return _address(self.path, {"q": q}) if len(q) <= Q_LENGTH else ""

    def permalink(self, event_id: str) -> str:
        """The address of an event's own page."""
        return f"{self.path}/{quote(event_id, safe='')}"

    def export(self) -> str:
        """The address of the page that exports the list."""
        return self._address("/export")

    def file(self, form: str) -> str:
        """The address of the list as a file of this format."""
        return self._address("/export/file", format=form)

    def _address(self, below: str, **more: str | None) -> str:
        if self.view.name:
            return _address(self.path + below, {"view": self.view.name, **more})
        order = self.order if self.order == "oldest" else None
        return _address(self.path + below, {"q": self.view.q, "order": order, **more})


def _address(path: str, given: dict[str, str | None]) -> str:
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{query}" if query else path


def _place(
    services: ServicesDep,
    q: Annotated[str, Query(max_length=Q_LENGTH)] = "",
    order: Literal["newest", "oldest", ""] = "",
    view: str = "",
    cursor: Annotated[str | None, Query()] = None,
    event: str = "",
) -> AuditPlace:
    """The place that the address names.

    Raises:
        ViewNotFound: no saved view has the name `view`.

    """
    shown = services.store.views.get(view, "events") if view else View("", q, order or "newest")
    return AuditPlace(f"{services.settings.base_path}/audit", shown, cursor, event)


PlaceDep = Annotated[AuditPlace, Depends(_place)]
