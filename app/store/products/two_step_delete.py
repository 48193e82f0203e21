"""A deletion is two steps, so that the stream's last image names who did it (DESIGN §3).

The item is stamped, then deleted on the condition that it still is what was compared and
bears this very stamp. Where the stream's view could not show the stamp it is one step.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from app.core.errors import ConditionFailed, ItemTooLarge
from app.core.item import AttributeNames, Item
from app.store.dynamodb.transactions import Committer
from app.store.products.expressions import clear_delete_stamp, compared, stamp_delete
from app.store.products.model import Stamp, known_attributes


class TwoStepDelete:
    """Deletes items that were read and compared; one try a call."""

    def __init__(
        self,
        commit: Committer,
        find: Callable[[str], Item | None],
        table: str,
        names: AttributeNames,
        *,
        stamps: bool,
    ) -> None:
        self._commit = commit
        self._find = find
        self._table = table
        self._names = names
        self._stamps = stamps

    def __call__(self, item: Item, stamp: Stamp, kept: Sequence[dict[str, Any]] = ()) -> None:
        """Delete the item; one that has gone meanwhile counts as deleted.

        `kept` are actions that go into the transaction of the deletion itself.

        Raises:
            ConditionFailed: the item is not what was read any more.

        """
        key = {self._names.key: item[self._names.key]}
        target = {"TableName": self._table, "Key": key}
        condition = compared(item, ("Version", *known_attributes(self._names)))
        unstamped = {"Delete": {**target, **condition.request(self._names.key)}}
        if not self._stamps:
            self._commit(unstamped, *kept)
            return
        marks = stamp_delete(condition, stamp, datetime.now(UTC), self._names)
        try:
            self._commit({"Update": {**target, **marks}})
        except ItemTooLarge:  # no room for a stamp: rather without an author than not at all
            self._commit(unstamped, *kept)
            return
        own = condition.also("DeletedRequestID", {"S": stamp.request_id})
        try:
            self._commit({"Delete": {**target, **own.request(self._names.key)}}, *kept)
        except ConditionFailed:
            if self._find(item[self._names.key]["S"]) is None:
                return
            self._unstamp(target, stamp)
            raise

    def _unstamp(self, target: dict[str, Any], stamp: Stamp) -> None:
        """Take our mark off an item that we did not delete after all, if it still bears it."""
        try:
            self._commit({"Update": {**target, **clear_delete_stamp(stamp.request_id)}})
        except ConditionFailed:
            return
