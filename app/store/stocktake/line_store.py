"""Lines are added one transaction a scan, and marked in the transaction of the write they cause.

So a scan that is sent twice counts once, and a commit that is interrupted goes on where it was.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from app.core.errors import ConditionFailed
from app.store.access.settings_rows import row_key
from app.store.dynamodb.batches import WRITE_LIMIT
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one
from app.store.idempotency import Once
from app.store.stocktake.draft import Draft, Line
from app.store.stocktake.draft_errors import DraftClosed, DraftFull, busy
from app.store.stocktake.draft_rows import (
    OPEN,
    draft_row,
    expiry,
    line_key,
    line_of,
    line_row,
    lines_kind,
)
from app.store.stocktake.draft_rules import discarding, opened
from app.store.stocktake.draft_store import TRIES, DraftStore, as_read, wait

MOST_LINES = 2_000  # of a draft

# The line after a change of it (None before: there was none, after: it is removed).
Decide = Callable[[Line | None], Line | None]


class LineStore(DraftStore):
    """The drafts of a deployment, with their lines."""

    def lines(self, draft_id: str) -> list[Line]:
        """The draft's lines, the newest first."""
        rows = islice(self.rows(lines_kind(draft_id)), MOST_LINES)
        return sorted(map(line_of, rows), key=lambda line: line.at, reverse=True)

    def line(self, draft_id: str, product_id: str) -> Line | None:
        """The line of a product; None without one."""
        row = get_one(self.client, self.table, line_key(draft_id, product_id))
        return None if row is None else line_of(row)

    def set_line(
        self,
        draft_id: str,
        product_id: str,
        actor: str,
        decide: Decide,
        once: Once[Line | None] | None = None,
    ) -> Line | None:
        """Add, change or remove the line of a product.

        Raises:
            DraftNotFound, DraftClosed, DraftFull, DraftBusy: nothing was changed.
            Replayed: the request has already been applied.

        """
        for tries in range(TRIES):
            if once is not None:
                once.recall()
            draft = opened(self.get(draft_id))
            before = self.line(draft_id, product_id)
            if before is not None and before.request:
                raise DraftClosed("This line is committed already. Begin another list for it.")
            after = decide(before)
            if before == after:
                return after
            draft = replace(draft, changed_by=actor, changed_at=self.now())
            actions = self._line_actions(draft, product_id, before, after)
            try:
                self.commit(*actions, *([] if once is None else once.actions(after)))
            except ConditionFailed:
                wait(tries)
                continue
            return after
        raise busy()

    def _line_actions(
        self, draft: Draft, product_id: str, before: Line | None, after: Line | None
    ) -> list[dict[str, Any]]:
        lines = draft.lines + (before is None) - (after is None)
        if lines > MOST_LINES:
            raise DraftFull(f"A list holds {MOST_LINES} lines. Commit it, and begin another one.")
        version = 0 if before is None else before.version
        known = as_read(version) if version else {"ConditionExpression": "attribute_not_exists(ID)"}
        if after is None:
            line = self.delete(line_key(draft.id, product_id), **known)
        else:
            line = self.put(line_row(draft.id, replace(after, version=version + 1)), **known)
        row = draft_row(replace(draft, lines=lines, version=draft.version + 1))
        return [line, self.put(row, **as_read(draft.version))]

    def discard(self, draft_id: str, seen: int, actor: str) -> None:
        """Delete the lines of an open draft as a person has seen it, in version `seen`.

        A scan that comes first keeps the draft; one that comes later is refused. A repeat deletes
        what the first try has left.

        Raises:
            DraftChanged: others have changed it since.
            DraftClosed: it is committed, or a part of it.

        """
        for _ in range(TRIES):
            draft = self.find(draft_id)
            if draft is None:
                return
            lines = self.lines(draft_id)
            if draft.state == "discarded":
                break
            after = discarding(draft, seen, lines, actor)
            after = replace(after, version=seen + 1, changed_at=self.now())
            with suppress(ConditionFailed):  # somebody has scanned since it was read
                self.commit(
                    self.put(self.row(after), **as_read(seen)),
                    self.delete(row_key(OPEN, draft_id)),
                )
                break
        else:
            raise busy()
        keys = [line_key(draft_id, line.product_id) for line in lines]
        for start in range(0, len(keys), WRITE_LIMIT):
            some: Any = [
                {"DeleteRequest": {"Key": key}} for key in keys[start : start + WRITE_LIMIT]
            ]
            with translated():  # what is left unprocessed belongs to no draft
                self.client.batch_write_item(RequestItems={self.table: some})

    def note(self, draft_id: str, line: Line) -> None:
        """Keep why a line could not be written, or that it was taken back."""
        with suppress(ConditionFailed):  # another process has noted the same
            self.commit(self.noting(draft_id, line))

    def noting(self, draft_id: str, line: Line) -> dict[str, Any]:
        """The action that stores what became of a line, if the row is still as it was read."""
        row = line_row(draft_id, replace(line, version=line.version + 1))
        more = expiry(self._now_ms()) if line.request else {}
        return self.put({**row, **more}, **as_read(line.version))
