"""A page is split by product, and the parts run in parallel, each product's records in order.

So a later change of a product is never durable before an earlier one. Each part has a thread, and
the call returns only after all threads have ended: a thread that outlived its page would write
under a lost lease. The caller's thread runs the first part, so a single part needs no thread.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from app.core.item import DEFAULT_NAMES, AttributeNames
from app.store.feed.feed import ROW_LIMIT
from worker.stream.decode import identify

Record = Mapping[str, Any]
T = TypeVar("T")


def chunks(records: Sequence[Record], batches: int = 1) -> Iterator[Sequence[Record]]:
    """Cut a page, in order, into runs of up to `batches` batches; a batch fills one feed row."""
    step = ROW_LIMIT * batches
    return (records[start : start + step] for start in range(0, len(records), step))


def split_by_product(
    records: Sequence[Record], most: int, names: AttributeNames = DEFAULT_NAMES
) -> list[list[Record]]:
    """Split records by product into at most `most` parts, one per batch at most; none is empty."""
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


def run_parallel(do: Callable[[T], None], parts: Sequence[T]) -> None:
    """Run `do` on all parts in parallel; errors are raised after all parts have ended."""
    first, *others = parts
    if not others:
        do(first)
        return
    with ThreadPoolExecutor(len(others), "part") as threads:
        outcomes = [threads.submit(copy_context().run, do, part) for part in others]
        do(first)
    for outcome in outcomes:
        outcome.result()
