"""A moment's place in a product's chain is found by halving, in a number of reads that stays small.

Of one product's records, a later one has a greater event key and no earlier time. `gap` and
`reconciled` entries have times of their own, so they are ignored here. Where a clock was set back,
times occur twice, and one of the places that fit is found. No I/O.
"""

from collections.abc import Callable
from datetime import datetime

from app.store.audit.chain import Link, label_of, origin, record_key, record_number

STREAMS = 100  # streams of one table that are searched at most

# Returns the record that is next to an event key; None if there is none.
Record = Callable[[str], Link | None]


def first_later(newer: Record, older: Record, later: str, moment: datetime) -> str:
    """The event key of a record after `moment` whose predecessor is not.

    `newer` and `older` read the next record in that direction. `later` is the key of an entry after
    `moment`, and the result if none precedes it.
    """
    for _ in range(STREAMS):
        start = origin(label_of(later))
        first = newer(start)
        if first is None or first.key > later:
            return later
        if first.occurred_at <= moment:
            return _within(older, first, later, moment)
        before = older(start)
        if before is None or before.occurred_at <= moment:
            return first.key
        later = before.key
    return later


def _within(older: Record, first: Link, later: str, moment: datetime) -> str:
    """As `first_later`, among the records of one stream; `first` is not after `moment`."""
    label, low, high = label_of(later), record_number(first.key), record_number(later) + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = older(record_key(label, middle + 1))
        if found is not None and found.occurred_at > moment:
            later, high = found.key, record_number(found.key)
            continue
        low = middle
        # Sequence numbers have large holes. Halving the last one would take dozens of reads.
        before = older(later)
        if before is None or before.occurred_at <= moment:
            return later
        later, high = before.key, record_number(before.key)
    return later
