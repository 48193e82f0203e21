"""Drafts live in the settings table, so they survive a restart and are shared by all processes.

Every change is conditional on the rows as they were read: nobody adds to what is being committed.
"""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.store.access.settings_rows import row_key
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.reads import get_one, get_rows, newest_first
from app.store.dynamodb.transactions import commit
from app.store.feed.cursor import wall_ms
from app.store.stocktake.draft import MODES, Draft, State
from app.store.stocktake.draft_errors import (
    DraftNotFound,
    InvalidDraft,
    TooManyDrafts,
    busy,
)
from app.store.stocktake.draft_rows import (
    DONE,
    OPEN,
    done_key,
    draft_key,
    draft_of,
    draft_row,
    expiry,
    is_draft_id,
    listed_draft,
)
from app.store.stocktake.draft_rules import checked_name, opened

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_OPEN = 50  # drafts
MOST_DONE = 10  # committed drafts that are listed
TRIES = 12


class DraftStore:
    """The drafts of a deployment, without their lines."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self.client = client
        self.table = table
        self._now_ms = now_ms

    def now(self) -> str:
        """The time, as rows have it."""
        return rfc3339(datetime.fromtimestamp(self._now_ms() / 1000, UTC))

    def open_ones(self) -> list[Draft]:
        """Open drafts, and those whose commit was begun; the one that was changed last is first."""
        rows = islice(self.rows(OPEN), MOST_OPEN)
        found = self._some([listed_draft(row) for row in rows])
        return sorted(found, key=lambda draft: draft.changed_at, reverse=True)

    def done_ones(self) -> list[Draft]:
        """The drafts that were committed last, the newest first."""
        rows, _ = newest_first(self.client, self.table, ("Kind", DONE), "ID", MOST_DONE)
        order = [listed_draft(row) for row in rows]
        return sorted(self._some(order), key=lambda draft: order.index(draft.id))

    def find(self, draft_id: str) -> Draft | None:
        """The draft; None if there is none with this id."""
        if not is_draft_id(draft_id):
            return None
        row = get_one(self.client, self.table, draft_key(draft_id))
        return None if row is None else draft_of(row)

    def get(self, draft_id: str) -> Draft:
        """The draft.

        Raises:
            DraftNotFound: there is none with this id.

        """
        found = self.find(draft_id)
        if found is None:
            raise DraftNotFound(
                "There is no such list: it was discarded, or committed more than 90 days ago."
            )
        return found

    def start(self, draft_id: str, name: str, mode: str, actor: str) -> Draft:
        """The draft with this id; an open one is created if there is none.

        Raises:
            InvalidDraft: the name, the mode or the id is not allowed.
            TooManyDrafts: there are too many open ones.

        """
        found = self.find(draft_id)
        if found is not None:
            return found
        known = next((one for one in MODES if one == mode), None)
        if known is None or not is_draft_id(draft_id):
            raise InvalidDraft(f"Begin again: the list must be one of {', '.join(MODES)}.")
        if sum(1 for _ in islice(self.rows(OPEN), MOST_OPEN)) == MOST_OPEN:
            raise TooManyDrafts(f"{MOST_OPEN} lists are open already. Commit or discard one first.")
        now = self.now()
        draft = Draft(
            id=draft_id,
            name=checked_name(name),
            mode=known,
            created_by=actor,
            created_at=now,
            changed_by=actor,
            changed_at=now,
        )
        new = {"ConditionExpression": "attribute_not_exists(ID)"}
        try:
            self.commit(self.put(draft_row(draft), **new), self.put(row_key(OPEN, draft_id)))
        except ConditionFailed:
            return self.get(draft_id)  # another request of the same page was first
        return draft

    def change(self, draft_id: str, decide: Callable[[Draft], Draft]) -> Draft:
        """Change the draft's own row.

        Raises:
            DraftNotFound: there is none with this id.
            DraftBusy: others keep changing it.

        """
        for tries in range(TRIES):
            draft = self.get(draft_id)
            after = decide(draft)
            if after == draft:
                return draft
            after = replace(after, version=draft.version + 1)
            try:
                self.commit(self.put(self.row(after), **as_read(draft.version)))
            except ConditionFailed:
                wait(tries)
                continue
            return after
        raise busy()

    def rename(self, draft_id: str, name: str, actor: str) -> Draft:
        """Give an open draft another name.

        Raises:
            InvalidDraft, DraftNotFound, DraftClosed, DraftBusy: it keeps its name.

        """
        name = checked_name(name)
        return self.change(
            draft_id, lambda draft: replace(opened(draft), name=name, changed_by=actor)
        )

    def finish(self, run: Draft, state: State) -> Draft:
        """End a run, unless another request has ended it, or begun the next one.

        A draft whose commit ends moves to the list of committed ones.
        """
        draft_id, at_work = run.id, (run.state, run.run)
        draft = self.get(draft_id)
        if (draft.state, draft.run) != at_work:
            return draft
        if state != "done" or draft.state != "committing":
            return self.change(
                draft_id,
                lambda one: replace(one, state=state) if (one.state, one.run) == at_work else one,
            )
        now = self._now_ms()
        after = replace(draft, state="done", changed_at=self.now(), version=draft.version + 1)
        try:
            self.commit(
                self.put(self.row(after), **as_read(draft.version)),
                self.put({**done_key(draft_id, now), **expiry(now)}),
                self.delete(row_key(OPEN, draft_id)),
            )
        except ConditionFailed:
            return self.get(draft_id)  # somebody else has finished it at the same time
        return after

    def row(self, draft: Draft) -> dict[str, Any]:
        """The draft's row, which expires once it is committed."""
        is_kept = draft.state in {"open", "committing"}
        return {**draft_row(draft), **({} if is_kept else expiry(self._now_ms()))}

    def rows(self, kind: str) -> Any:
        """Every row of a kind, read on demand."""
        return get_rows(
            self.client,
            "query",
            self.table,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )

    def put(self, row: dict[str, Any], **condition: Any) -> dict[str, Any]:
        """The action that puts a row."""
        return {"Put": {"TableName": self.table, "Item": row, **condition}}

    def delete(self, key: dict[str, Any], **condition: Any) -> dict[str, Any]:
        """The action that deletes a row."""
        return {"Delete": {"TableName": self.table, "Key": key, **condition}}

    def commit(self, *actions: dict[str, Any]) -> None:
        """Apply these actions together; raises as `transactions.commit` does."""
        commit(self.client, actions)

    def _some(self, ids: list[str]) -> list[Draft]:
        rows = get_all(self.client, self.table, map(draft_key, ids)) if ids else []
        return [draft_of(row) for row in rows]


def as_read(version: int) -> dict[str, Any]:
    """The condition that a row is still as it was read."""
    return {
        "ConditionExpression": "Version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def wait(tries: int) -> None:
    """Let others finish, so that not all try again at the same moment."""
    time.sleep(random.uniform(0, 0.02) * (tries + 1))  # noqa: S311 - not for secrets
