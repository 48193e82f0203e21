"""A delete takes two steps, so that the stream's last image names its author.

First the item gets a delete mark. Then it is deleted, if it is unchanged and has this mark. If the
stream's view type would not show the mark, the delete takes one step.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app.core.errors import ConditionFailed, ItemTooLarge, OutcomeUnknown
from app.core.item import Item
from app.core.paths import Path
from app.core.stamps import Stamps
from app.store.dynamodb.transactions import Committer, settling
from app.store.products.expressions import as_read, mark_delete, unmark
from app.store.products.model import Stamp


class TwoStepDelete:
    """Deletes items that were read and compared; each call is one try."""

    def __init__(
        self,
        commit: Committer,
        find: Callable[[str], Item | None],
        stamps: Stamps,
        now: Callable[[], datetime],
        *,
        marks: bool,
        also: Path | None = None,
    ) -> None:
        """`also`: another attribute that must be unchanged."""
        self._commit = commit
        self._find = find
        self._stamps = stamps
        self._now = now
        self._marks = marks
        self._also = () if also is None else (also,)

    def __call__(self, item: Item, stamp: Stamp, extra: Sequence[dict[str, Any]] = ()) -> None:
        """Delete the item; an item that is already gone counts as deleted.

        `extra` are further actions for the transaction that deletes the item.

        Raises:
            ConditionFailed: the item has changed since it was read.
            MetadataTaken: another program keeps something else under the metadata's name.
            OutcomeUnknown: the item may have been deleted, and another one be in its place.

        """
        if not self._marks:
            self._remove(item, extra)
            return
        names = self._stamps.names
        target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
        request, marked = mark_delete(item, stamp, self._now(), self._stamps)
        try:
            self._commit({"Update": {**target, **request}})
        except ItemTooLarge:  # no room for the mark: delete without an author
            if item != (bare := self._stamps.unmarked(item)):  # nor under a former mark's
                self._commit({"Update": {**target, **unmark(item, self._stamps)}})
            self._remove(bare, extra)
            return
        try:
            self._remove(marked, extra)
        except ConditionFailed:
            self._unmark(target, marked)
            raise

    def _remove(self, item: Item, extra: Sequence[dict[str, Any]]) -> None:
        try:
            self._commit(self._delete(item), *extra)
        except ConditionFailed as error:
            with settling(error):
                if self._find(self._stamps.names.key.id_of(item)) is None:
                    return
            if error.may_be_applied and not extra:  # `extra` would show whether it was
                raise OutcomeUnknown from None
            raise

    def _delete(self, item: Item) -> dict[str, Any]:
        names = self._stamps.names
        target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
        condition = as_read(item, names, self._also)
        return {"Delete": {**target, **condition.request(names.key)}}

    def _unmark(self, target: dict[str, Any], marked: Item) -> None:
        """Remove our mark from an item that was not deleted, if it still has it."""
        try:
            self._commit({"Update": {**target, **unmark(marked, self._stamps)}})
        except ConditionFailed:
            return
