"""A row is written once, and only if its product is still as it was compared.

Each row has an idempotency key of its own. So whoever goes on after a crash finds out which rows
were written, although nobody could note it any more.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from app.core.errors import (
    ETagMismatch,
    ProductExists,
    ProductGone,
    ProductNotFound,
    StockpulseError,
    StoreUnavailable,
)
from app.core.events import ChangeEvent, split_event_id
from app.store.idempotency import Answer, IdempotencyKeyRows, Once, Replayed, RequestKey
from app.store.imports.bulk_writes import BulkWrites
from app.store.products.model import Product, ProductDraft, Stamp
from app.store.products.product_repository import ProductRepository
from app.store.products.reversal.reversal_errors import AlreadyReversed
from app.store.products.reversal.reversals import Reversals
from app.store.timeline.timeline import Timeline
from app.web.imports.import_state import ImportRow, Outcome
from app.web.schemas.product_models import ProductCreate, ProductPatch

Settled = tuple[int, Outcome, str]  # a row's number, what became of it, and why

_CHANGED = (
    "The product has changed since the preview, so it was not overwritten. Import the file again "
    "to compare it with the product as it is now."
)
_CREATED = "A product with this ID was created since the preview, so it was not overwritten."
_DELETED = "The product was deleted since the preview."
_NO_EVENT = (
    "The change of this row is not in the product's history yet, or it changed nothing. Try to "
    "undo it again in a moment."
)
_KEPT = timedelta(days=7)  # as long, a server that was killed may be down
_WAIT = 20.0  # seconds for changes to arrive in the history, for all rows together
_PAUSE = 0.25  # seconds between two looks
_PAGE, _PAGES = 200, 25  # of a product's history, in which an older change is looked for


@dataclass(frozen=True, slots=True)
class Places:
    """What rows are written to, and where their changes are found again."""

    products: ProductRepository
    bulk: BulkWrites
    reversals: Reversals
    idempotency_keys: IdempotencyKeyRows
    timeline: Timeline


class _FirstTime(Once[Product]):
    """Looks for an earlier write only after the first try has failed.

    Nearly every row is new; the key's condition in the write's own transaction finds the others.
    """

    _is_new = True

    def recall(self) -> None:
        """As `Once.recall`, except the first time."""
        if self._is_new:
            self._is_new = False
        else:
            super().recall()


class ImportWrites:
    """Writes the rows of one import, or takes them back. Thread-safe."""

    def __init__(self, places: Places, import_id: str, actor: str, reference: str) -> None:
        self._places = places
        self._id = import_id
        self._actor = actor
        self._reference = reference
        self._patience = _WAIT

    def write_some(self, rows: Sequence[ImportRow]) -> list[Settled]:
        """Write rows; those that create a product in one transaction, if it succeeds.

        Raises:
            StoreUnavailable: the store does not answer; the rows can be written again.

        """
        if len(rows) > 1 and self._all_written(rows):
            return [(row.number, "written", "") for row in rows]
        return [self.write(row) for row in rows]

    def _all_written(self, rows: Sequence[ImportRow]) -> bool:
        """Write rows that do the same in one transaction; False if that is not possible."""
        bulk, actions = self._places.bulk, {row.action for row in rows}
        if actions == {"create"}:
            return bulk.create([(_draft(row), *self._request_of(row)) for row in rows])
        if actions == {"change"}:
            return bulk.change(
                [(row.product_id, _changes(row), row.etag, *self._request_of(row)) for row in rows]
            )
        return False

    def _request_of(self, row: ImportRow) -> tuple[Stamp, Once[Product]]:
        request_id = f"{self._id}.{row.number}"
        stamp = Stamp(actor=self._actor, request_id=request_id, reference=self._reference)
        key = RequestKey("", "import", request_id, b"", request_id, kept=_KEPT)
        return stamp, _FirstTime(self._places.idempotency_keys, [key], _nothing)

    def write(self, row: ImportRow) -> Settled:
        """Write a row, unless its product has changed.

        Raises:
            StoreUnavailable: the store does not answer; the row can be written again.

        """
        stamp, once = self._request_of(row)
        try:
            self._written(row, stamp, once)
        except Replayed:
            return row.number, "written", ""
        except (ETagMismatch, ProductExists, ProductGone, ProductNotFound) as error:
            if _is_recorded(once):
                return row.number, "written", ""
            return row.number, "refused", _why(error)
        except StoreUnavailable:
            raise
        except StockpulseError as error:
            return row.number, "refused", error.detail
        return row.number, "written", ""

    def _written(self, row: ImportRow, stamp: Stamp, once: Once[Product]) -> None:
        products = self._places.products
        if row.action == "create":
            products.create(_draft(row), stamp, once)
        else:
            products.patch(row.product_id, _changes(row), row.etag, stamp, once)

    def take_back(self, row: ImportRow) -> Settled:
        """Take back what a row has written, by a change of its own.

        Raises:
            StoreUnavailable: the store does not answer; the row can be taken back again.

        """
        event_id = self._event_of(row)
        if event_id is None:
            return row.number, "kept", _NO_EVENT
        request_id = f"{self._id}.undo.{row.number}"
        try:
            event = self._places.timeline.event(split_event_id(event_id) or ("", ""))
            self._reverse(event, request_id)
        except Replayed:
            return row.number, "undone", ""
        except AlreadyReversed as error:
            is_ours = error.extra["reversed_by"]["request_id"] == request_id
            return row.number, "undone" if is_ours else "kept", "" if is_ours else error.detail
        except StoreUnavailable:
            raise
        except StockpulseError as error:
            return row.number, "kept", error.detail
        return row.number, "undone", ""

    def _reverse(self, event: ChangeEvent, request_id: str) -> None:
        spent: Callable[[str], StockpulseError] = partial(self._places.reversals.already, event)
        key = RequestKey("", "reversal", event.id, b"", request_id, spent)
        once: Once[Product | None] = Once(self._places.idempotency_keys, [key], _nothing)
        stamp = Stamp(
            actor=self._actor,
            request_id=request_id,
            reason="correction",
            reference=self._reference,
            reverses=event.id,
        )
        self._places.reversals.reverse(event, stamp, once)

    def _event_of(self, row: ImportRow) -> str | None:
        """The id of the event of a row; it arrives some moments after the write."""
        request_id = f"{self._id}.{row.number}"
        newest = partial(self._places.reversals.event_of_request, row.product_id, request_id)
        found = newest() or self._older_event_of(row.product_id, request_id)
        while found is None and self._patience > 0:
            self._patience -= _PAUSE  # of all threads: they may wait for the same outage
            time.sleep(_PAUSE)
            found = newest()
        return found

    def _older_event_of(self, product_id: str, request_id: str) -> str | None:
        cursor = None
        for _ in range(_PAGES):
            page = self._places.timeline.history(product_id, _PAGE, cursor)
            for event in page.items:
                if event.request_id == request_id:
                    return event.id
            cursor = page.next_cursor
            if cursor is None:
                break
        return None


def _draft(row: ImportRow) -> ProductDraft:
    return ProductCreate.model_validate(row.document).draft(row.product_id)


def _changes(row: ImportRow) -> dict[str, Any]:
    return ProductPatch.model_validate(row.document).changes()


def _is_recorded(once: Once[Product]) -> bool:
    """Whether the row was written before: then the product differs because of that, or since."""
    try:
        once.recall()
    except Replayed:
        return True
    return False


def _why(error: StockpulseError) -> str:
    if isinstance(error, ETagMismatch):
        return _CHANGED
    return _CREATED if isinstance(error, ProductExists) else _DELETED


def _nothing(_: Product | None) -> Answer:
    """The answer that is stored for a row: that it is there says all."""
    return Answer(204, {}, b"")
