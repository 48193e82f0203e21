"""A difference is acted on only if it is the same at a second look; else it is on its way. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from app.core.events import ChangeEvent
from app.core.item import AttributeNames, Item, stock, text
from app.store.audit.chain import BOTH_IMAGES, Link, label_of, origin, successor
from worker.stream.decode import changed_names

# A product is reconciled at most once in so long: what differs again so soon is being written
# by someone whose records do not come, and needs a person.
AGAIN = timedelta(minutes=10)

# Seconds: a shard is caught up while its last page was empty or younger than this (DESIGN §5.6).
BEHIND = 30.0

_AT_ITS_BEGINNING = "it was in the table when its history began"
_NOTES = {
    "INSERT": "it is in the table, and no record tells who put it there",
    "MODIFY": "the table holds this, and no record tells who changed it",
    "REMOVE": "it is gone from the table, and no record tells who deleted it",
}

Verdict = Literal["equal", "write", "moving", "too soon"]


@dataclass(frozen=True, slots=True)
class Look:
    """What the audit says last of a product, and the hash of what the table holds (None: nothing).

    At a second look the head is read first: a change in between shows as one.
    """

    product_id: str
    head: Link | None
    live: str | None

    @property
    def differs(self) -> bool:
        """Whether the audit's last word is not the table's state, as far as it can be known.

        Under a view without the image after (`KEYS_ONLY`, `OLD_IMAGE`) there is nothing to
        compare: there only a product without any entry differs.
        """
        if self.head is None:
            return self.live is not None
        return self.head.knows_after and self.head.after != self.live


def decide(first: Look, second: Look, now: datetime) -> Verdict:
    """What to do about a product that differed at the first look.

    What was in the table and is not, with no record of it yet, has its record on its way.
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
    """The `reconciled` entry behind a product's last event, or (None) at its beginning.

    `label` is that of the stream whose records come next.
    """
    before = None if head is None else head.after
    omitted = head is not None and head.images_omitted
    image = live or before
    name: str = "REMOVE" if live is None else "MODIFY" if before or omitted else "INSERT"
    return ChangeEvent(
        event_key=successor(origin(label) if head is None else head.event_key, "r"),
        kind="reconciled",
        product_id=product_id,
        product_name=text(image, names.name),
        category=text(image, "Category"),
        before=before,
        after=live,
        changed=changed_names(before, live),
        stock_before=None if head is None else head.stock_after,
        stock_after=stock(live, names),
        actor=None,
        reason=None,
        note=_AT_ITS_BEGINNING if head is None else _NOTES[name],
        reference=None,
        request_id=None,
        # As exact as it is stored: what is read back is the same event.
        occurred_at=moment.replace(microsecond=moment.microsecond // 1000 * 1000),
        event_name=name,
        sequence_number="0" if head is None else head.sequence_number,
        view_type=BOTH_IMAGES,
        images_omitted=omitted,
    )


def beginning_of(oldest: ChangeEvent, names: AttributeNames) -> ChangeEvent | None:
    """The baseline of a product that was there before its first record; None where it needs none.

    Only a deployment's first comparison writes it: later, a first entry that is no insert
    is a history whose beginning someone took away.
    """
    is_record = oldest.kind not in {"gap", "reconciled"}
    if not is_record or oldest.view_type != BOTH_IMAGES or oldest.before is None:
        return None
    label, moment = label_of(oldest.event_key), oldest.occurred_at
    return found_in_table(oldest.product_id, None, oldest.before, label, moment, names)


class Reading(Protocol):
    """What is known of the reading of one shard."""

    @property
    def finished(self) -> bool:
        """Whether it was read to its end."""

    @property
    def lag(self) -> float:
        """Seconds from its last page's last record to that page; 0 for an empty page."""

    @property
    def lag_at_most(self) -> float | None:
        """The same, where the service's times prove no less; None for no other."""

    @property
    def last_page(self) -> float | None:
        """Seconds since its last page; None before the first."""


def is_caught_up(shards: Iterable[Reading]) -> bool:
    """Whether no record that is older than a moment can be still unread."""
    open_shards = [shard for shard in shards if not shard.finished]
    return bool(open_shards) and all(
        shard.last_page is not None
        and shard.last_page < BEHIND
        and max(shard.lag, shard.lag_at_most or 0.0) < BEHIND
        for shard in open_shards
    )


def _key(look: Look) -> str | None:
    return None if look.head is None else look.head.key
