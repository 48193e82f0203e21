"""A product's changes, newest first: all of them from its audit, parts of them from the copy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent, Kind
from app.core.paths import name_in_events
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.events.event_query import EventQuery, Span, Term
from app.readmodel.events.event_terms import FIELDS
from app.store.audit.history import HistoryPage
from app.web.pages.event_rows import Row, row_of
from app.web.pages.product.field_diffs import FieldDiff, diffs_of, fit_in_row
from app.web.pages.product.product_view import ProductView, Tab
from app.web.pages.rows.stock_level import level_names
from app.web.services import Services

PAGE = 50  # events

_STOCK: tuple[Kind, ...] = ("stock_changed", "inserted", "deleted", "expired", "gap", "reconciled")
_TERMS: dict[Tab, tuple[Term, ...]] = {
    "all": (),
    "stock": (Term("kind", _STOCK),),
    "fields": (Term("touches", (FIELDS,)),),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the timeline shows it."""

    row: Row
    diffs: Sequence[FieldDiff]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of changes. `filling`: they cannot be searched yet.

    `newest`: the product's last change that is no gap, on the first page of all changes.
    """

    entries: Sequence[Entry]
    next_cursor: str | None
    newest: ChangeEvent | None = None
    filling: bool = False


def timeline_of(
    services: Services, view: ProductView, until: datetime | None, cursor: str | None
) -> Timeline:
    """The page after the cursor, of the view's tab, up to a time if one is given.

    Raises:
        InvalidCursor: no page of this list returned the cursor.

    """
    if view.tab == "all" and until is None:
        history = services.store.timeline.history(view.product_id, PAGE, cursor)
        return _timeline(services, history, newest=cursor is None)
    query = EventQuery(
        terms=(Term("product", (view.product_id,)), *_TERMS[view.tab]),
        created=() if until is None else (Span(below=until.timestamp() * 1000 + 1),),
    )
    try:
        page = services.read_model.events(query, PAGE, "newest", cursor)
    except ReadModelFilling:
        return Timeline([], None, filling=True)
    events = [event for _, event in page.items]
    history = HistoryPage(events, page.next_cursor, frozenset())
    return _timeline(services, history, newest=False, every_diff=view.tab == "fields")


def newest_change(services: Services, product_id: str) -> ChangeEvent | None:
    """The product's last change that is no gap, if it is among the newest few entries."""
    return _first_change(services.store.timeline.history(product_id, 5))


def _first_change(history: HistoryPage) -> ChangeEvent | None:
    found = (event for event in history.items if event.event_key not in history.void)
    return next((event for event in found if event.kind != "gap"), None)


def _timeline(
    services: Services, history: HistoryPage, *, newest: bool, every_diff: bool = False
) -> Timeline:
    """The entries; unless `every_diff`, with only the differences that a row has no room for."""
    settings = services.settings
    zone, stock = ZoneInfo(settings.timezone), name_in_events(settings.stock_attribute)
    levels = level_names(settings.attributes)
    entries = []
    for event in history.items:
        is_void, is_repeat = (event.event_key in k for k in (history.void, history.repeats))
        row = row_of(event, zone, stock, levels, void=is_void, repeat=is_repeat)
        undoable = not (is_void or is_repeat or services.store.reversals.objection(event))
        diffs = diffs_of(event, stock)
        if not every_diff and fit_in_row(diffs, with_stock=stock in event.changed):
            diffs = []
        entries.append(Entry(replace(row, undoable=undoable), diffs))
    return Timeline(entries, history.next_cursor, _first_change(history) if newest else None)
