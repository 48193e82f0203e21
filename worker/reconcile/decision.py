"""A difference leads to an entry only if a second check finds it again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.core.differences import changed_names
from app.core.events import ChangeEvent
from app.core.item import AttributeNames, Item, stock, text
from app.store.audit.chain import BOTH_IMAGES, Link, label_of, origin, successor
from app.store.coordination.shard_state import ShardState

# A product is reconciled at most once in this time: if it differs again so soon, another program
# writes it and its records do not arrive, which an admin must investigate.
AGAIN = timedelta(minutes=10)

# Seconds: a shard is caught up if its last page was empty or younger than this.
BEHIND = 30.0

_AT_ITS_BEGINNING = "the product was in the table when its history began"
_NOTES = {
    "INSERT": "the product is in the table, and no record shows who added it",
    "MODIFY": "the table holds this state, and no record shows who changed it",
    "REMOVE": "the table has no such product, and no record shows why",
}

Verdict = Literal["equal", "write", "moving", "too soon"]


@dataclass(frozen=True, slots=True)
class ProductCheck:
    """A product's last audit entry, and the hash of its item in the table (None: no item).

    At a second check the entry is read first, so that a change in between shows as a difference.
    """

    product_id: str
    head: Link | None
    live: str | None

    @property
    def differs(self) -> bool:
        """Whether the last entry differs from the table's state, as far as this can be known.

        Under a view type without the new image (`KEYS_ONLY`, `OLD_IMAGE`) there is nothing to
        compare: only a product without any entry differs.
        """
        if self.head is None:
            return self.live is not None
        return self.head.knows_after and self.head.after != self.live


def decide(first: ProductCheck, second: ProductCheck, now: datetime) -> Verdict:
    """Decide about a product that differed at the first check.

    If a product was in the table, is not any more, and has no entry yet, its record is pending.
    """
    if not second.differs:
        return "moving" if second.head is None else "equal"
    if (_key(first), first.live) != (_key(second), second.live):
        return "moving"
    head = second.head
    if head is not None and head.kind == "reconciled" and now - head.occurred_at < AGAIN:
        return "too soon"
    return "write"


def found_in_table(
    product_id: str,
    head: ChangeEvent | None,
    live: Item | None,
    label: str,
    moment: datetime,
    names: AttributeNames,
) -> ChangeEvent:
    """The `reconciled` entry after a product's last event (`head`), or its first entry (None).

    `label` is that of the stream whose records come next.
    """
    before = None if head is None else head.product_after
    omitted = head is not None and head.images_omitted
    image = live or before
    name: str = "REMOVE" if live is None else "MODIFY" if before or omitted else "INSERT"
    return ChangeEvent(
        event_key=successor(origin(label) if head is None else head.event_key, "r"),
        kind="reconciled",
        product_id=product_id,
        product_name=text(image, names.name),
        category=text(image, names.category),
        unit=text(image, names.unit),
        before=before,
        after=live,
        changed=changed_names(before, live, names),
        stock_before=None if head is None else head.stock_after,
        stock_after=stock(live, names),
        note=_AT_ITS_BEGINNING if head is None else _NOTES[name],
        # Rounded as it is stored, so that the entry read back is equal.
        occurred_at=moment.replace(microsecond=moment.microsecond // 1000 * 1000),
        event_name=name,
        sequence_number="0" if head is None else head.sequence_number,
        view_type=BOTH_IMAGES,
        images_omitted=omitted,
    )


def baseline_of(oldest: ChangeEvent, names: AttributeNames) -> ChangeEvent | None:
    """The baseline of a product that existed before its first record; None if it needs none.

    Only a deployment's first comparison writes baselines: later, a first entry that is no insert
    means that someone removed the start of the history.
    """
    is_record = oldest.kind not in {"gap", "reconciled"}
    if not is_record or oldest.view_type != BOTH_IMAGES or oldest.product_before is None:
        return None
    label, moment = label_of(oldest.event_key), oldest.occurred_at
    return found_in_table(oldest.product_id, None, oldest.product_before, label, moment, names)


def is_caught_up(shards: Iterable[ShardState]) -> bool:
    """Whether every record older than `BEHIND` seconds has been read."""
    open_shards = [shard for shard in shards if not shard.finished]
    return bool(open_shards) and all(
        shard.last_page is not None
        and shard.last_page < BEHIND
        and max(shard.lag, shard.lag_at_most or 0.0) < BEHIND
        for shard in open_shards
    )


def _key(check: ProductCheck) -> str | None:
    return None if check.head is None else check.head.key
