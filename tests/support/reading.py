"""A reader of one shard of a stub stream, with a record of what it did."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.runtime.retry import Retry
from app.runtime.wake import Wake
from tests.support.fakes.stub_streams import StubStreams
from worker.stream.shards.polling import Idle, Polling
from worker.stream.shards.reader import ShardReader
from worker.stream.shards.shard_iterator import ShardPages

FIRST = 10**20 + 1  # the first record's sequence number


@dataclass
class Reading:
    """A reader of shard `s1`, with a record of what it took, saved and reported."""

    streams: StubStreams
    after: str | None = None
    taken: list[str] = field(default_factory=list)
    saved: list[tuple[str | None, bool]] = field(default_factory=list)
    gaps: list[str | None] = field(default_factory=list)
    on_page: Callable[[], None] = lambda: None
    stop: threading.Event = field(default_factory=threading.Event)
    guard: Callable[[], None] = lambda: None

    def work(self, records: Sequence[Any]) -> None:
        self.on_page()
        self.taken += [record["dynamodb"]["Keys"]["ProductID"]["S"] for record in records]

    def save(self, sequence_number: str | None, *, finished: bool) -> None:
        self.saved.append((sequence_number, finished))

    def run(self) -> ShardReader:
        assert self.streams.current is not None
        reader = self.reader = ShardReader(
            ShardPages(self.streams, self.streams.current, "s1", self.after),  # type: ignore[arg-type]
            self.work,
            self.save,
            Retry(self.stop),
            Wake(),
            Polling(Idle(0.0, 0.0)),
            guard=self.guard,
            report_gap=lambda after, _why: self.gaps.append(after),
        )
        reader.run(self.stop)
        return reader

    @property
    def iterators(self) -> list[tuple[str, str, str]]:
        return list(self.streams.of("get_shard_iterator"))


def closed(streams: StubStreams) -> None:
    for shard in streams.streams[streams.current or ""].values():
        shard.closed = True
