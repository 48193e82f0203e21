"""A list of events as one export; a page continues at a place that later events do not move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.events import ChangeEvent, rfc3339
from app.readmodel.events.event_query import Order as EventOrder
from app.readmodel.products.product_lists import Totals
from app.web.exports.export_build import Order, order_for
from app.web.exports.export_file import PAGE, Dialect, Format, Growing, chunks_of
from app.web.exports.export_rows import RowFormat, events_format
from app.web.requests.event_filters import EventListing, EventSearch, events_listed
from app.web.services import Services


@dataclass(frozen=True, slots=True)
class EventsExport:
    """A list of events in this order; with `after`, those that arrived after an event cursor."""

    services: Services
    search: EventSearch
    order: EventOrder
    after: str | None = None

    def page(self, limit: int, cursor: str | None = None, totals: Totals = "none") -> EventListing:
        """A page; raises as `events_listed`."""
        return events_listed(
            self.services, self.search, limit, self.order, cursor, totals, self.after
        )

    @property
    def rows(self) -> RowFormat[ChangeEvent]:
        """How an event is exported."""
        return events_format(self.services.about.products_table)

    def freshness(self) -> dict[str, str]:
        """`as_of` as a header, for formats that have no place for it."""
        return {"As-Of": rfc3339(self.services.read_model.as_of().replace(microsecond=0))}

    def chunks(self, form: Growing, dialect: Dialect, cursor: str | None = None) -> Iterator[bytes]:
        """The bytes of an export of the events after the paging cursor; raises as `page`."""
        return chunks_of(self.rows, form, dialect, self._pages(cursor))

    def file(self, form: Format, dialect: Dialect) -> Order:
        """The order for a file with all events; raises as `page`.

        Raises:
            ExportTooLarge: they do not fit into a spreadsheet.
            ReadModelFilling: they cannot be counted yet.

        """
        total = self.services.read_model.events(self.search.query, 1, totals="exact").total
        return order_for(self.rows, form, dialect, 0 if total is None else total.count, self._pages)

    def _pages(self, cursor: str | None = None) -> Iterator[Sequence[ChangeEvent]]:
        while True:
            page = self.page(PAGE, cursor).page
            yield [event for _, event in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return
