"""Writers that record what they wrote, and the account that compares it with audit and feed."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from app.core.events import ChangeEvent
from app.store.audit.entry import event_of
from app.store.dynamodb.client import connect, error_code
from tests.support.processes.process import Follower
from tests.support.processes.running import item

PRODUCTS_EACH = 5


@dataclass
class Writers:
    """Threads that write rising stocks; a write counts once it is acknowledged.

    Each thread has products of its own, so a product's stocks must be audited as 1, 2, 3 …
    A condition stops the retry after a lost answer (an embedded engine makes a record of a put that
    changes nothing; AWS does not). `pause` is the time from the start of one write to the start of
    the next, and may be changed. The products' names begin with `prefix`.
    """

    url: str
    changes: int
    threads: int = 8
    pause: float = 0.0
    prefix: str = "w"
    written: int = 0
    begun: dict[tuple[str, int], float] = field(default_factory=dict)
    _running: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for number in range(self.threads):
            thread = threading.Thread(target=self._write, args=(number,), daemon=True)
            self._running.append(thread)
            thread.start()

    @property
    def running(self) -> bool:
        return any(thread.is_alive() for thread in self._running)

    def join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in self._running:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not self.running, f"only {self.written} of {self.changes} were written"

    def _write(self, writer: int) -> None:
        client = connect(self.url).tables
        due = time.monotonic()
        for number in range(self.changes // self.threads):
            product = f"{self.prefix}{writer}-{number % PRODUCTS_EACH}"
            stock = number // PRODUCTS_EACH + 1
            entry = item(ProductID=product, ProductName="n", Stock=stock)
            while True:
                self.begun[product, stock] = time.monotonic()
                try:
                    client.put_item(
                        TableName="Products",
                        Item=entry,
                        ConditionExpression="attribute_not_exists(Stock) OR Stock < :stock",
                        ExpressionAttributeValues={":stock": entry["Stock"]},
                    )
                    break
                except ClientError as error:
                    if error_code(error) == "ConditionalCheckFailedException":
                        break  # the previous attempt was applied, and its answer lost
                    time.sleep(0.05)
                except BotoCoreError:
                    time.sleep(0.05)
            with self._lock:
                self.written += 1
            due = max(due + self.pause, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    @property
    def expected(self) -> set[tuple[str, int]]:
        """(product, stock) of every change."""
        each = self.changes // self.threads
        return {
            (f"{self.prefix}{writer}-{number % PRODUCTS_EACH}", number // PRODUCTS_EACH + 1)
            for writer in range(self.threads)
            for number in range(each)
        }


@dataclass(frozen=True)
class Account:
    """The result of a run, as numbers of changes."""

    written: int
    audited: int
    missing: int
    doubled: int
    out_of_order: int
    client_missing: int
    client_unknown: int
    client_out_of_order: int
    client_repeats: int

    def is_exact(self, changes: int) -> bool:
        """Whether every change arrived once and in order; clients drop repeats."""
        return self == Account(changes, changes, 0, 0, 0, 0, 0, 0, self.client_repeats)

    def __str__(self) -> str:
        return (
            f"written {self.written}, audited {self.audited}, missing {self.missing}, "
            f"doubled {self.doubled}, out of order {self.out_of_order}; resuming client: "
            f"missing {self.client_missing}, unknown {self.client_unknown}, "
            f"out of order {self.client_out_of_order}, "
            f"repeated on the wire {self.client_repeats}"
        )


def account(writers: Writers, follower: Follower) -> Account:
    """Compare the audit and the client's events with what was written."""
    events = audited(writers.url)
    changes = {event.id: (event.product_id, event.stock_after or 0) for event in events}
    counts = Counter((event.product_id, event.stock_after or 0) for event in events)
    seen = Counter(follower.ids)
    return Account(
        written=writers.written,
        audited=len(events),
        missing=len(writers.expected - set(counts)),
        doubled=sum(count - 1 for count in counts.values()),
        # The events are sorted by product and event key.
        out_of_order=out_of_order(changes[event.id] for event in events),
        client_missing=len(changes.keys() - seen.keys()),
        client_unknown=len(seen.keys() - changes.keys()),
        client_out_of_order=out_of_order(changes[id_] for id_ in seen if id_ in changes),
        client_repeats=sum(count - 1 for count in seen.values()),
    )


def out_of_order(changes: Iterable[tuple[str, int]]) -> int:
    """How many products' stocks are not in the order in which they were written."""
    stocks: dict[str, list[int]] = {}
    for product, stock in changes:
        stocks.setdefault(product, []).append(stock)
    return sum(found != sorted(found) for found in stocks.values())


def audited(url: str) -> list[ChangeEvent]:
    """Every audit entry as an event, sorted by product and event key."""
    pages = (
        connect(url)
        .tables.get_paginator("scan")
        .paginate(TableName="ProductEvents", ConsistentRead=True)
    )
    events = [event_of(entry) for page in pages for entry in page["Items"]]
    return sorted(events, key=lambda event: (event.product_id, event.event_key))
