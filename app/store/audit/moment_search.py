"""A moment's place in a product's chain is found by halving, in a number of reads that stays small.

Of one product's records, a later one has a greater event key and no earlier time. `gap` and
`reconciled` entries have times of their own, so they are ignored here. Where a clock was set back,
times occur twice, and one of the places that fit is found. No I/O.
"""

from collections.abc import Callable
from datetime import datetime

from app.store.audit.chain import Link, label_of, origin, record_key, record_number

STREAMS = 100  # streams of one table that are searched at most

# Returns the record next to an event key, in the direction of newer or older ones.
RecordBeside = Callable[[str, bool], Link | None]


def first_later(beside: RecordBeside, later: str, moment: datetime) -> str:
    """The event key of a record after `moment` whose predecessor is not.

    `later` is the key of an entry after `moment`, and the result if none precedes it.
    """
    for _ in range(STREAMS):
        start = origin(label_of(later))
        first = beside(start, True)
        if first is None or first.key > later:
            return later
        if first.occurred_at <= moment:
            return _within(beside, first, later, moment)
        before = beside(start, False)
        if before is None or before.occurred_at <= moment:
            return first.key
        later = before.key
    return later


def _within(beside: RecordBeside, first: Link, later: str, moment: datetime) -> str:
    """As `first_later`, among the records of one stream; `first` is not after `moment`."""
    label, low, high = label_of(later), record_number(first.key), record_number(later) + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = beside(record_key(label, middle + 1), False)
        if found is not None and found.occurred_at > moment:
            later, high = found.key, record_number(found.key)
            continue
        low = middle
        # Sequence numbers have large holes. Halving the last one would take dozens of reads.
        before = beside(later, False)
        if before is None or before.occurred_at <= moment:
            return later
        later, high = before.key, record_number(before.key)
    return later
