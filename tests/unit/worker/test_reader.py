"""A reader goes from page to page through every fault of the service, and skips nothing."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.store.errors import StoreUnavailable
from app.store.leases import LeaseLost
from tests.support.stub_streams import StubShard, StubStreams, fault
from worker.retry import Retry, Stopped
from worker.stream.pace import Idle, Pace, Wake
from worker.stream.pages import ShardGone, ShardPages
from worker.stream.progress import Progress
from worker.stream.reader import ShardReader

FIRST = 10**20 + 1  # the first record's sequence number


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.retry.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("worker.stream.reader.CATCH_UP", 0.0)


@pytest.fixture
def streams() -> StubStreams:
    """A stream of one shard."""
    streams = StubStreams()
    streams.new_stream("2026-11-03T09:00:00.000")
    streams.add(StubShard("s1"))
    return streams


@dataclass
class Reading:
    """A reader of `s1`, and everything that it did."""

    streams: StubStreams
    after: str | None = None
    taken: list[str] = field(default_factory=list)
    saved: list[tuple[str | None, bool]] = field(default_factory=list)
    gaps: list[str | None] = field(default_factory=list)
    on_page: Callable[[], None] = lambda: None
    number: str | None = None
    durable_now: Callable[[], str | None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    guard: Callable[[], None] = lambda: None

    def process(self, records: Sequence[Any]) -> None:
        self.on_page()
        self.taken += [record["dynamodb"]["Keys"]["ProductID"]["S"] for record in records]
        self.number = records[-1]["dynamodb"]["SequenceNumber"]

    def durable(self) -> str | None:
        return self.durable_now() if self.durable_now else self.number

    def save(self, sequence_number: str | None, *, finished: bool) -> None:
        self.saved.append((sequence_number, finished))

    def run(self) -> ShardReader:
        assert self.streams.current is not None
        reader = self.reader = ShardReader(
            ShardPages(self.streams, self.streams.current, "s1", self.after),  # type: ignore[arg-type]
            self,
            self.save,
            Retry(self.stop),
            Wake(),
            Pace(Idle(0.0, 0.0)),
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


def test_the_last_page_counts_though_no_iterator_follows(streams: StubStreams) -> None:
    streams.put("s1", "a", "b", "c")
    closed(streams)
    reading = Reading(streams)
    reading.run()
    assert reading.taken == ["a", "b", "c"]
    assert reading.saved == [(str(FIRST + 2), False), (str(FIRST + 2), True)]


def test_a_shard_that_ended_empty_is_finished(streams: StubStreams) -> None:
    closed(streams)
    reading = Reading(streams)
    reading.run()
    assert reading.saved == [(None, True)]


def test_every_page_is_saved_before_the_next_is_read(streams: StubStreams) -> None:
    streams.put("s1", "a", "b", "c")
    streams.page = 1
    closed(streams)
    reading = Reading(streams)
    saved_at: list[int] = []
    reading.on_page = lambda: saved_at.append(len(reading.saved))
    reading.run()
    assert saved_at == [0, 1, 2]


def test_empty_pages_are_not_the_end(streams: StubStreams) -> None:
    reading = Reading(streams)
    pages = 0

    class Slow(StubStreams):
        def get_records(self, ShardIterator: str, Limit: int) -> Any:  # noqa: N803
            nonlocal pages
            pages += 1
            if pages == 5:
                self.put("s1", "late")
                closed(self)
            return super().get_records(ShardIterator, Limit)

    slow = Slow(streams=streams.streams, current=streams.current)
    reading.streams = slow
    reading.run()
    assert reading.taken == ["late"]
    assert pages == 5


class TestLostIterators:
    def test_an_expired_one_is_taken_again_after_the_last_record(
        self, streams: StubStreams
    ) -> None:
        streams.put("s1", "a", "b")
        streams.page = 1
        closed(streams)
        streams.faults["get_records"] = [None, fault("ExpiredIteratorException")]
        reading = Reading(streams)
        reading.run()
        assert reading.taken == ["a", "b"]
        assert [(kind, number) for _, kind, number in reading.iterators] == [
            ("TRIM_HORIZON", "0"),
            ("AFTER_SEQUENCE_NUMBER", str(FIRST)),
        ]

    def test_before_the_first_record_it_is_taken_again_at_the_oldest(
        self, streams: StubStreams
    ) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_records"] = [fault("ExpiredIteratorException")]
        reading = Reading(streams)
        reading.run()
        assert reading.taken == ["a"]
        assert [kind for _, kind, _ in reading.iterators] == ["TRIM_HORIZON"] * 2

    def test_latest_is_never_asked_for(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        Reading(streams).run()
        Reading(streams, after=str(FIRST)).run()
        assert {kind for _, kind, _ in streams.of("get_shard_iterator")} == {
            "TRIM_HORIZON",
            "AFTER_SEQUENCE_NUMBER",
        }

    @pytest.mark.parametrize(
        "code",
        ["ProvisionedThroughputExceededException", "LimitExceededException", "InternalServerError"],
    )
    @pytest.mark.parametrize("operation", ["get_records", "get_shard_iterator"])
    def test_throttling_and_faults_are_waited_out(
        self, streams: StubStreams, operation: str, code: str
    ) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults[operation] = [fault(code)] * 4
        reading = Reading(streams)
        reading.run()
        assert reading.taken == ["a"]
        assert reading.gaps == []


class TestTrimmedData:
    def test_with_a_position_it_is_a_gap_and_the_rest_is_read(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_shard_iterator"] = [fault("TrimmedDataAccessException")]
        reading = Reading(streams, after="7")
        reading.run()
        assert reading.gaps == ["7"]
        assert reading.taken == ["a"]

    def test_without_a_position_it_says_nothing(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_records"] = [fault("TrimmedDataAccessException")] * 2
        reading = Reading(streams)
        reading.run()
        assert reading.gaps == []
        assert reading.taken == ["a"]

    def test_the_gap_is_told_before_anything_that_follows(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_shard_iterator"] = [fault("TrimmedDataAccessException")]
        reading = Reading(streams, after="7")
        gaps_at: list[int] = []
        reading.on_page = lambda: gaps_at.append(len(reading.gaps))
        reading.run()
        assert gaps_at == [1]


@pytest.mark.parametrize("operation", ["get_records", "get_shard_iterator"])
def test_a_shard_that_vanished_is_neither_an_end_nor_tried_for_ever(
    streams: StubStreams, operation: str
) -> None:
    streams.faults[operation] = [fault("ResourceNotFoundException")]
    reading = Reading(streams, after="7")
    with pytest.raises(ShardGone):
        reading.run()
    assert reading.saved == []


class TestCheckpoints:
    def test_never_pass_what_every_sink_has_done(self, streams: StubStreams) -> None:
        streams.put("s1", "a", "b")
        streams.page = 1
        closed(streams)
        reading = Reading(streams)
        slow = iter([None, None, str(FIRST), str(FIRST)])
        reading.durable_now = lambda: next(slow, str(FIRST + 1))
        reading.run()
        assert reading.taken == ["a", "b"]
        assert reading.saved == [(str(FIRST), False), (str(FIRST + 1), True)]

    def test_a_shard_is_not_finished_while_a_sink_is_behind(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        reading = Reading(streams)
        looks = 0

        def behind() -> None:
            nonlocal looks
            looks += 1
            if looks == 5:
                reading.stop.set()

        reading.durable_now = behind  # type: ignore[assignment]
        reading.run()
        assert reading.saved == []

    def test_are_tried_until_they_succeed(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        reading = Reading(streams)
        save, failures = reading.save, iter([StoreUnavailable("down")] * 3)

        def flaky(sequence_number: str | None, *, finished: bool) -> None:
            for error in failures:
                raise error
            save(sequence_number, finished=finished)

        reading.save = flaky  # type: ignore[method-assign]
        reading.run()
        assert reading.saved == [(str(FIRST), False), (str(FIRST), True)]

    def test_that_another_worker_s_lease_refuses_end_the_reader(self, streams: StubStreams) -> None:
        streams.put("s1", "a", "b")
        streams.page = 1
        reading = Reading(streams)

        def lost(_number: str | None, *, finished: bool) -> None:
            raise LeaseLost

        reading.save = lost  # type: ignore[method-assign]
        with pytest.raises(LeaseLost):
            reading.run()
        assert reading.taken == ["a"]


def test_a_page_read_under_a_lease_that_is_lost_is_dropped(streams: StubStreams) -> None:
    streams.put("s1", "a")

    def lost() -> None:
        raise LeaseLost

    reading = Reading(streams, guard=lost)
    with pytest.raises(LeaseLost):
        reading.run()
    assert (reading.taken, reading.saved) == ([], [])


def test_who_is_told_to_leave_finishes_its_page(streams: StubStreams) -> None:
    streams.put("s1", "a", "b")
    streams.page = 1
    reading = Reading(streams)
    reading.on_page = lambda: reading.reader.leave()
    reading.run()
    assert reading.taken == ["a"]
    assert reading.saved == [(str(FIRST), False)]


def test_a_stop_in_the_middle_of_a_page_saves_nothing_of_it(streams: StubStreams) -> None:
    streams.put("s1", "a")
    reading = Reading(streams)

    def stopped() -> None:
        raise Stopped

    reading.on_page = stopped
    with pytest.raises(Stopped):
        reading.run()
    assert reading.saved == []


class TestProgress:
    def test_lag_is_the_age_of_the_page_s_last_record(self) -> None:
        progress = Progress(lambda: 5.0, lambda: 1_000_012.5)
        progress.saw([{"dynamodb": {"ApproximateCreationDateTime": 1_000_000.0}}])
        assert progress.lag == 12.5

    def test_an_empty_page_has_none(self) -> None:
        progress = Progress(lambda: 5.0, lambda: 1_000_012.5)
        progress.saw([{"dynamodb": {"ApproximateCreationDateTime": 1_000_000.0}}])
        progress.saw([])
        assert progress.lag == 0

    def test_a_clock_that_is_behind_makes_no_negative_lag(self) -> None:
        progress = Progress(lambda: 5.0, lambda: 999_990.0)
        progress.saw([{"dynamodb": {"ApproximateCreationDateTime": 1_000_000.0}}])
        assert progress.lag == 0

    @pytest.mark.parametrize("record", [{}, {"dynamodb": {"ApproximateCreationDateTime": "x"}}])
    def test_a_record_without_a_time_is_left_out(self, record: Any) -> None:
        progress = Progress(lambda: 5.0, lambda: 1_000_012.5)
        progress.saw([record])
        assert progress.lag == 0

    def test_the_last_page_s_age_is_told(self) -> None:
        now = 5.0
        progress = Progress(lambda: now)
        assert progress.since_page is None
        progress.saw([])
        now = 7.5
        assert progress.since_page == 2.5
