"""Lines of a draft are written in one request; a repeat skips those that are written."""

from typing import Any

from app.store.stocktake.draft import Draft
from app.store.stocktake.line_writer import LineWriter
from app.web.requests.batches.item_results import ItemResults, Result


class LineItems(ItemResults):
    """Some lines of one draft."""

    def __init__(self, writer: LineWriter, draft: Draft, actor: str, request_id: str) -> None:
        super().__init__(request_id)
        self._writer = writer
        self._draft = draft
        self._actor = actor

    def _write(self, _: int, item: Any) -> Result:
        self._writer.write(self._draft, item, self._actor)
        return {"status": 200}
