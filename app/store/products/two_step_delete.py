"""A delete takes two steps, so that the stream's last image names its author.

First the item gets a delete mark. Then it is deleted, if it is unchanged and has this mark. If the
stream's view type would not show the mark, the delete takes one step.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from app.core.errors import ConditionFailed, ItemTooLarge, OutcomeUnknown
from app.core.item import Item
from app.core.paths import Path
from app.core.stamps import Stamps
from app.store.dynamodb.transactions import Committer, settling
from app.store.products.expressions import as_read, mark_delete, unmark
from app.store.products.model import Stamp
from app.store.products.reversal.reversal_errors import Superseded

_COMPARED = 100  # attributes of other programs: an expression has at most 4 KB and 300 operators


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
    ) -> None:
        self._commit = commit
        self._find = find
        self._stamps = stamps
        self._now = now
        self._marks = marks

    def __call__(
        self,
        item: Item,
        stamp: Stamp,
        extra: Sequence[dict[str, Any]] = (),
        *,
        also: Iterable[Path] = (),
        check: Callable[[Item], None] | None = None,
    ) -> None:
        """Delete the item; an item that is already gone counts as deleted.

        `extra` are further actions for the transaction that deletes the item, `also` are further
        attributes that must be unchanged. With `check`, which raises `Superseded` for an item that
        must stay, other programs' attributes must be unchanged, too. No condition can say that
        there is no new one, so the item is read and checked again right before the deletion.

        Raises:
            ConditionFailed: the item has changed since it was read, or `extra` does not apply.
            Superseded: from `check`.
            MetadataTaken: another program keeps something else under the metadata's name.
            OutcomeUnknown: the item may have been deleted, and another one be in its place.

        """
        names = self._stamps.names
        if check is not None:
            also = [(name,) for name in sorted(item) if not names.is_ignored(name)][:_COMPARED]
        if not self._marks:
            self._remove(item, extra, also)
            return
        target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
        request, marked = mark_delete(item, stamp, self._now(), self._stamps)
        try:
            self._commit({"Update": {**target, **request}})
        except ItemTooLarge:  # no room for the mark: delete without an author
            if item != (bare := self._stamps.unmarked(item)):  # nor under a former mark's
                self._commit({"Update": {**target, **unmark(item, self._stamps)}})
            self._remove(bare, extra, also)
            return
        try:
            if check is not None and (found := self._find(names.key.id_of(item))) is not None:
                check(found)
            self._remove(marked, extra, also)
        except (ConditionFailed, Superseded):
            self._unmark(target, marked)
            raise

    def _remove(self, item: Item, extra: Sequence[dict[str, Any]], also: Iterable[Path]) -> None:
        try:
            self._commit(self._delete(item, also), *extra)
        except ConditionFailed as error:
            with settling(error):
                if self._find(self._stamps.names.key.id_of(item)) is None:
                    if extra:  # if our own delete was applied, `extra` fails its condition
                        self._commit(*extra)
                    return
            if error.may_be_applied and not extra:  # `extra` would show whether it was
                raise OutcomeUnknown from None
            raise

    def _delete(self, item: Item, also: Iterable[Path]) -> dict[str, Any]:
        names = self._stamps.names
        target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
        condition = as_read(item, names, also)
        return {"Delete": {**target, **condition.request(names.key)}}

    def _unmark(self, target: dict[str, Any], marked: Item) -> None:
        """Remove our mark from an item that was not deleted, if it still has it."""
        try:
            self._commit({"Update": {**target, **unmark(marked, self._stamps)}})
        except ConditionFailed:
            return
