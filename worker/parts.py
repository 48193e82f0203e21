"""A page is parted so that each product is in one part only, in its order. Pure.

Parts may then be written at once, and one of them may be durable where another is not: what
came later of a product is never durable before what came earlier.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.item import DEFAULT_NAMES, AttributeNames
from app.store.feed.feed import ROW_LIMIT
from worker.stream.decode import identify

Record = Mapping[str, Any]


def runs(records: Sequence[Record], batches: int = 1) -> Iterator[Sequence[Record]]:
    """The page cut, in its order, into runs of so many batches; a batch fills one feed row."""
    step = ROW_LIMIT * batches
    return (records[start : start + step] for start in range(0, len(records), step))


def parts_of(
    records: Sequence[Record], most: int, names: AttributeNames = DEFAULT_NAMES
) -> list[list[Record]]:
    """At most so many parts, and no more than there are batches; none is empty."""
    count = min(most, -(-len(records) // ROW_LIMIT))
    if count <= 1:
        return [list(records)] if records else []
    products = [identify(record, names)[0] for record in records]
    parts: list[list[Record]] = [[] for _ in range(count)]
    homes, loads = dict[str, int](), [0] * count
    for product, size in Counter(products).most_common():
        home = homes[product] = min(range(count), key=loads.__getitem__)
        loads[home] += size
    for product, record in zip(products, records, strict=True):
        parts[homes[product]].append(record)
    return [part for part in parts if part]
