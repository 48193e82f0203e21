"""A line changes the stock once, however often and by whomever its commit is tried."""

from dataclasses import replace
from typing import Any

from app.core.item import AttributeNames
from app.store.idempotency import Answer, Once, Replayed
from app.store.products.changes import StockRules, adjusting, correcting, planned
from app.store.products.model import Product, Stamp
from app.store.products.product_repository import ProductRepository
from app.store.stocktake.draft import Draft, Line
from app.store.stocktake.draft_errors import DraftClosed
from app.store.stocktake.draft_rows import line_id
from app.store.stocktake.line_store import LineStore


class LineMark(Once[Product]):
    """Marks a line as committed, in the transaction of its write."""

    def __init__(self, store: LineStore, draft_id: str, line: Line, request_id: str) -> None:
        self._store = store
        self._draft_id = draft_id
        self._line = line
        self._request_id = request_id

    def recall(self) -> None:
        """Return if the line is as it was read.

        Raises:
            Replayed: it is committed.
            DraftClosed: it was changed or removed.

        """
        now = self._store.line(self._draft_id, self._line.product_id)
        if now is not None and now.request:
            raise Replayed(Answer(200, {}, b'{"status":200}'), again=True)
        if now is None or now.version != self._line.version:
            raise DraftClosed("The line was changed while it was committed. Commit it again.")

    def actions(self, _: Product) -> list[dict[str, Any]]:
        """The action that marks the line."""
        done = replace(self._line, request=self._request_id, failed="")
        return [self._store.noting(self._draft_id, done)]


class LineWriter:
    """Writes what the lines of a draft say into the products."""

    def __init__(
        self,
        products: ProductRepository,
        lines: LineStore,
        rules: StockRules,
        names: AttributeNames,
    ) -> None:
        self._products = products
        self._lines = lines
        self._rules = rules
        self._names = names

    def write(self, draft: Draft, line: Line, actor: str) -> Product:
        """Change the product's stock as the line says.

        Raises:
            CountedMeanwhile: another count was recorded since the product was counted.
            DraftClosed: the line was changed or removed meanwhile.
            Replayed: the line is committed already.
            InsufficientStock, StockNotCountable, InvalidStock, TooMuchContention: as
                `ProductRepository.adjust`.

        """
        request_id = f"{draft.commit}.{line_id(line.product_id)[:16]}"
        stamp = Stamp(
            actor=actor,
            request_id=request_id,
            reason=line.reason,
            note=line.note(draft.mode),
            reference=draft.name,
        )
        plan = planned(adjusting(line.changes(draft.mode), self._rules), self._names)
        if draft.mode == "count":
            delta = None if line.book is None else line.changes(draft.mode)
            plan = correcting(delta, line.amount, line.last_count, self._rules, self._names)
        mark = LineMark(self._lines, draft.id, line, request_id)
        return self._products.change(line.product_id, plan, stamp, mark)
