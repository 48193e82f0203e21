"""A delete takes two steps, so that the stream's last image names its author.

First the item gets a delete mark. Then it is deleted, if it is unchanged and has this mark. If the
stream's view type would not show the mark, the delete takes one step.
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
    """Deletes items that were read and compared; each call is one try."""

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

    def __call__(self, item: Item, stamp: Stamp, extra: Sequence[dict[str, Any]] = ()) -> None:
        """Delete the item; an item that is already gone counts as deleted.

        `extra` are further actions for the transaction that deletes the item.

        Raises:
            ConditionFailed: the item has changed since it was read.

        """
        key = {self._names.key: item[self._names.key]}
        target = {"TableName": self._table, "Key": key}
        condition = compared(item, ("Version", *known_attributes(self._names)))
        unstamped = {"Delete": {**target, **condition.request(self._names.key)}}
        if not self._stamps:
            self._commit(unstamped, *extra)
            return
        marks = stamp_delete(condition, stamp, datetime.now(UTC), self._names)
        try:
            self._commit({"Update": {**target, **marks}})
        except ItemTooLarge:  # no room for the mark: delete without an author
            self._commit(unstamped, *extra)
            return
        own = condition.also("DeletedRequestID", {"S": stamp.request_id})
        try:
            self._commit({"Delete": {**target, **own.request(self._names.key)}}, *extra)
        except ConditionFailed:
            if self._find(item[self._names.key]["S"]) is None:
                return
            self._unstamp(target, stamp)
            raise

    def _unstamp(self, target: dict[str, Any], stamp: Stamp) -> None:
        """Remove our mark from an item that was not deleted, if it still has it."""
        try:
            self._commit({"Update": {**target, **clear_delete_stamp(stamp.request_id)}})
        except ConditionFailed:
            return
