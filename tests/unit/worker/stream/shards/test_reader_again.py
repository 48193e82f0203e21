"""Reading a page again never moves the position back (found by the state machine)."""

import threading
from collections.abc import Iterator
from typing import Any

from app.runtime.retry import Retry
from app.runtime.wake import Wake
from worker.stream.shards.polling import Idle, Polling
from worker.stream.shards.reader import ShardReader
from worker.stream.shards.shard_iterator import Page


def record(number: str) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": number, "Keys": {"ProductID": {"S": "P1"}}}}


class Pages:
    """Two records, the first one again, and the end: the second record was trimmed in between."""

    shard_id = "shard-1"
    after: str | None = None

    def __init__(self) -> None:
        self._pages: Iterator[Page] = iter(
            [
                Page([record("9"), record("10")], last=False),
                Page([record("9")], last=False),
                Page([], last=True),
            ]
        )

    def next(self) -> Page:
        return next(self._pages)


def test_a_repeated_page_does_not_move_the_position_back() -> None:
    saved: list[tuple[str | None, bool]] = []
    stop = threading.Event()

    def save(number: str | None, *, finished: bool) -> None:
        saved.append((number, finished))

    timer = threading.Timer(2, stop.set)  # ends a reader that would wait for ever
    timer.start()
    pages: Any = Pages()
    ShardReader(
        pages, lambda _records: None, save, Retry(stop), Wake(), Polling(Idle(0.0, 0.0))
    ).run(stop)
    timer.cancel()
    assert saved == [("10", False), ("10", True)]
