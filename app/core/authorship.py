"""Who made a change, and why, is believed only where the record's images prove it. Pure.

An insert is proved by its new image, any other change by both images. A stamp must also be about as
old as its record, so that a restored item is not blamed on whoever wrote it last year; and the
change must be of nothing that writes of ours leave alone. Only the reversal of a deletion writes
attributes of other programs, and its signature covers them.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from app.core.differences import differing_names
from app.core.item import Item
from app.core.metadata import metadata_of
from app.core.stamps import Stamps

# Seconds between a stamp and its record. DynamoDB Local gives record times in whole minutes
# (stream fact 17), and both clocks are the store's.
STAMP_AGE = 61


@dataclass(frozen=True, slots=True)
class Author:
    """What a believed stamp says; all None for a change that was made outside Stockpulse."""

    actor: str | None = None
    reason: str | None = None
    note: str | None = None
    reference: str | None = None
    request_id: str | None = None
    reverses: str | None = None


NOBODY = Author()


def author_of(
    event_name: str,
    before: Item | None,
    after: Item | None,
    occurred_at: datetime,
    view_type: str,
    differing: set[str],
    stamps: Stamps,
) -> Author:
    """Return the author that the images prove; `differing`: the names that differ in both."""
    if event_name == "REMOVE":
        mark = stamps.proved_mark(before) if view_type == "NEW_AND_OLD_IMAGES" else None
        if mark is None or not _is_near(mark.at, occurred_at):
            return NOBODY
        return Author(mark.actor, mark.reason, mark.note, None, mark.request_id, mark.reverses)
    stamp = metadata_of(after, stamps.names)
    if after is None or stamp is None or stamp.deleted is not None:
        return NOBODY
    if (event_name == "INSERT") == (before is not None):  # an image is missing
        return NOBODY
    if not _is_near(stamp.updated_at, occurred_at) or not stamps.is_proved(before, after):
        return NOBODY
    if not stamps.covers_all(before, after):
        written = differing_names({}, after, stamps.names) if before is None else differing
        if any(not stamps.names.is_ignored(name) for name in written - stamps.names.ours):
            return NOBODY
    return Author(
        stamp.actor, stamp.reason, stamp.note, stamp.reference, stamp.request_id, stamp.reverses
    )


def is_mark_only(before: Item, after: Item, stamps: Stamps) -> bool:
    """Whether the metadata differ in a delete mark alone: one of ours was set, or one was removed.

    Who removed it is not proved: we remove ours after another program has changed the item, too.
    """
    was, now = metadata_of(before, stamps.names), metadata_of(after, stamps.names)
    if was is None or now is None or was.deleted == now.deleted:
        return False
    if now.deleted is not None and stamps.proved_mark(after) is None:
        return False
    return replace(was, deleted=None) == replace(now, deleted=None)


def _is_near(stamped: str | None, occurred_at: datetime) -> bool:
    try:
        age = occurred_at - datetime.fromisoformat(stamped or "")
    except (ValueError, TypeError):  # other programs may write anything here
        return False
    return abs(age.total_seconds()) <= STAMP_AGE
