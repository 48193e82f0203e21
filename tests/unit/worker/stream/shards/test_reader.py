"""A reader reads page after page despite all faults of the service, and skips nothing."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.support.fakes.stub_streams import StubStreams, fault
from tests.support.reading import FIRST, Reading, closed
from worker.stream.shards.shard_iterator import ShardGone

pytestmark = pytest.mark.usefixtures("no_pauses")


def test_the_last_page_is_read_although_no_iterator_follows(streams: StubStreams) -> None:
    streams.put("s1", "a", "b", "c")
    closed(streams)
    reading = Reading(streams)
    reading.run()
    assert reading.taken == ["a", "b", "c"]
    assert reading.saved == [(str(FIRST + 2), False), (str(FIRST + 2), True)]


def test_a_shard_that_ends_without_records_is_finished(streams: StubStreams) -> None:
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


class TestLargeRecords:
    """A page is limited by the number of its records only, as the embedded engine's are."""

    def test_a_page_that_times_out_is_requested_again_with_fewer_records(
        self, streams: StubStreams
    ) -> None:
        class Slow(StubStreams):
            def get_records(self, ShardIterator: str, Limit: int) -> Any:  # noqa: N803
                page = super().get_records(ShardIterator, Limit)
                if len(page["Records"]) > 1:
                    raise ReadTimeoutError(endpoint_url="http://engine")
                return page

        products = [f"P{number}" for number in range(30)]
        streams.put("s1", *products)
        closed(streams)
        reading = Reading(Slow(streams=streams.streams, current=streams.current))
        reading.run()
        assert reading.taken == products

    def test_a_large_page_is_followed_by_pages_of_about_8_mib(self, streams: StubStreams) -> None:
        sizes = []

        class Large(StubStreams):
            def get_records(self, ShardIterator: str, Limit: int) -> Any:  # noqa: N803
                page = super().get_records(ShardIterator, Limit)
                sizes.append(len(page["Records"]) * 800_000)
                headers = {"content-length": str(sizes[-1])}
                return page | {"ResponseMetadata": {"HTTPHeaders": headers}}

        products = [f"P{number}" for number in range(300)]
        streams.put("s1", *products)
        closed(streams)
        reading = Reading(Large(streams=streams.streams, current=streams.current))
        reading.run()
        assert reading.taken == products
        assert max(sizes[1:]) <= 8 * 1024 * 1024


class TestExpiredIterators:
    def test_an_expired_iterator_is_replaced_after_the_last_record(
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

    def test_an_iterator_that_expires_before_the_first_record_is_replaced_at_the_oldest(
        self, streams: StubStreams
    ) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_records"] = [fault("ExpiredIteratorException")]
        reading = Reading(streams)
        reading.run()
        assert reading.taken == ["a"]
        assert [kind for _, kind, _ in reading.iterators] == ["TRIM_HORIZON"] * 2

    def test_latest_is_never_requested(self, streams: StubStreams) -> None:
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
    def test_throttling_and_faults_are_retried(
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
    def test_trimmed_data_after_a_position_is_a_gap_and_the_rest_is_read(
        self, streams: StubStreams
    ) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_shard_iterator"] = [fault("TrimmedDataAccessException")]
        reading = Reading(streams, after="7")
        reading.run()
        assert reading.gaps == ["7"]
        assert reading.taken == ["a"]

    def test_trimmed_data_without_a_position_is_no_gap(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_records"] = [fault("TrimmedDataAccessException")] * 2
        reading = Reading(streams)
        reading.run()
        assert reading.gaps == []
        assert reading.taken == ["a"]

    def test_the_gap_is_reported_before_later_records(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        streams.faults["get_shard_iterator"] = [fault("TrimmedDataAccessException")]
        reading = Reading(streams, after="7")
        gaps_at: list[int] = []
        reading.on_page = lambda: gaps_at.append(len(reading.gaps))
        reading.run()
        assert gaps_at == [1]


@pytest.mark.parametrize("operation", ["get_records", "get_shard_iterator"])
def test_a_vanished_shard_is_neither_finished_nor_retried_for_ever(
    streams: StubStreams, operation: str
) -> None:
    streams.faults[operation] = [fault("ResourceNotFoundException")]
    reading = Reading(streams, after="7")
    with pytest.raises(ShardGone):
        reading.run()
    assert reading.saved == []
