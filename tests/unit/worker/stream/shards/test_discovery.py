"""What the service fails to list is not taken as gone."""

import pytest

from app.core.errors import StoreUnavailable
from app.store.coordination.checkpoints import Checkpoint, ShardKey
from tests.support.fakes.stub_streams import StubShard, StubStreams, fault
from worker.stream.shards.discovery import Discovery
from worker.stream.shards.lineage import Listing, Shard

LABELS = [f"2026-11-0{day}T09:00:00.000" for day in (1, 2, 3)]
Rows = dict[ShardKey, Checkpoint]


@pytest.fixture
def streams() -> StubStreams:
    streams = StubStreams()
    streams.new_stream(LABELS[0])
    return streams


def discovery(streams: StubStreams, *, one_log: bool = False) -> Discovery:
    return Discovery(streams, "Products", streams.find, one_log=one_log)  # type: ignore[arg-type]


def begun(arn: str, shard: str, *, finished: bool = False) -> Rows:
    return {(arn, shard): Checkpoint("stockpulse", arn, shard, "7", finished)}


def shards(count: int) -> list[StubShard]:
    return [StubShard(f"s{n:04}", f"s{n - 1:04}" if n else None) for n in range(count)]


def test_a_listing_of_many_pages_is_read_to_its_end(streams: StubStreams) -> None:
    streams.add(*shards(250))
    listing = discovery(streams).discover({}).listing
    assert [shard.id for shard in listing.shards] == [f"s{n:04}" for n in range(250)]
    assert listing.complete
    assert len(list(streams.of("describe_stream"))) == 3


def test_a_failed_page_keeps_the_shards_found_so_far(streams: StubStreams) -> None:
    streams.add(*shards(150))
    streams.faults["describe_stream"] = [None, fault("LimitExceededException")]
    snapshot = discovery(streams).discover({})
    assert (len(snapshot.listing.shards), snapshot.listing.complete) == (100, False)
    assert "cannot list the stream's shards" in snapshot.trouble


def test_a_failed_page_keeps_the_shards_known_before(streams: StubStreams) -> None:
    streams.add(*shards(150))
    found = discovery(streams)
    found.discover({})
    streams.add(StubShard("new", "s0149"))
    streams.faults["describe_stream"] = [fault("InternalServerError")]
    listing = found.discover({}).listing
    assert (len(listing.shards), listing.complete) == (150, False)
    assert found.discover({}).listing == Listing(
        (*listing.shards, Shard("new", "s0149")), complete=True
    )


def test_a_listing_without_any_page_is_incomplete(streams: StubStreams) -> None:
    streams.add(*shards(1))
    streams.faults["describe_stream"] = [fault("InternalServerError")]
    assert discovery(streams).discover({}).listing == Listing((), complete=False)


def test_an_unknown_current_stream_is_an_incomplete_listing(streams: StubStreams) -> None:
    """The table and its stream are created separately; one may be visible later."""
    streams.faults["describe_stream"] = [fault("ResourceNotFoundException")]
    assert not discovery(streams).discover({}).listing.complete


def test_a_failure_to_read_the_table_is_an_error(streams: StubStreams) -> None:
    def down() -> None:
        raise StoreUnavailable("down")

    with pytest.raises(StoreUnavailable):
        Discovery(streams, "Products", down).discover({})  # type: ignore[arg-type]


class TestAReplacedStream:
    def test_the_old_stream_is_read_first(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"))
        new = streams.new_stream(LABELS[1])
        snapshot = discovery(streams).discover(begun(old, "s1"))
        assert (snapshot.stream_arn, snapshot.is_new) == (old, False)
        snapshot = discovery(streams).discover(begun(old, "s1", finished=True))
        assert (snapshot.stream_arn, snapshot.is_new, snapshot.drained) == (new, True, {old})

    def test_a_stream_is_new_only_until_it_is_begun(self, streams: StubStreams) -> None:
        old = streams.current or ""
        new = streams.new_stream(LABELS[1])
        rows = begun(old, "s1", finished=True) | begun(new, "s2")
        snapshot = discovery(streams).discover(rows)
        assert (snapshot.stream_arn, snapshot.is_new, snapshot.drained) == (new, False, {old})

    def test_a_late_child_of_the_old_stream_is_read(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"), StubShard("s2", "s1"))
        streams.new_stream(LABELS[1])
        snapshot = discovery(streams).discover(begun(old, "s1", finished=True))
        assert snapshot.stream_arn == old

    def test_a_disabling_stream_is_not_over(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.new_stream(LABELS[1])
        streams.status = "DISABLING"
        assert discovery(streams).discover(begun(old, "s1", finished=True)).stream_arn == old

    def test_a_stream_unknown_to_the_service_is_left_to_its_readers(
        self, streams: StubStreams
    ) -> None:
        """Its readers get ResourceNotFound, which is a gap; a finished stream is over."""
        old = streams.current or ""
        new = streams.new_stream(LABELS[1])
        del streams.streams[old]
        assert discovery(streams).discover(begun(old, "s1")).stream_arn == old
        assert discovery(streams).discover(begun(old, "s1", finished=True)).stream_arn == new

    def test_a_stream_that_came_and_went_unseen_is_read_before_the_current_one(
        self, streams: StubStreams
    ) -> None:
        old = streams.current or ""
        between = streams.new_stream(LABELS[1])
        streams.add(StubShard("s1"))
        streams.new_stream(LABELS[2])
        snapshot = discovery(streams).discover(begun(old, "s0", finished=True))
        assert (snapshot.stream_arn, snapshot.is_new) == (between, True)

    def test_without_permission_to_list_streams_the_new_one_is_read(
        self, streams: StubStreams
    ) -> None:
        old = streams.current or ""
        streams.new_stream(LABELS[1])
        new = streams.new_stream(LABELS[2])
        streams.faults["list_streams"] = [fault("AccessDeniedException")]
        assert discovery(streams).discover(begun(old, "s0", finished=True)).stream_arn == new

    def test_while_listing_streams_fails_no_stream_is_skipped(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.new_stream(LABELS[1])
        streams.faults["list_streams"] = [fault("InternalServerError")]
        with pytest.raises(StoreUnavailable):
            discovery(streams).discover(begun(old, "s0", finished=True))

    def test_streams_are_listed_only_when_the_current_one_is_new(
        self, streams: StubStreams
    ) -> None:
        discovery(streams).discover({})
        discovery(streams).discover(begun(streams.current or "", "s1"))
        assert list(streams.of("list_streams")) == []

    def test_the_first_start_ever_is_no_gap(self, streams: StubStreams) -> None:
        streams.new_stream(LABELS[1])
        snapshot = discovery(streams).discover({})
        assert (snapshot.stream_arn, snapshot.is_new) == (streams.current, False)

    def test_on_one_log_only_the_newest_stream_is_read(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"))
        new = streams.new_stream(LABELS[1])
        snapshot = discovery(streams, one_log=True).discover(begun(old, "s1"))
        assert (snapshot.stream_arn, snapshot.is_new) == (new, False)
        assert set(streams.of("describe_stream")) == {new}


class TestADisabledStream:
    def test_a_disabled_stream_is_reported_and_read_to_its_end(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"))
        streams.switch_off()
        snapshot = discovery(streams).discover(begun(old, "s1"))
        assert (snapshot.stream_arn, snapshot.trouble) == (old, "the stream is off")

    def test_a_fully_read_disabled_stream_is_not_read_again(self, streams: StubStreams) -> None:
        streams.switch_off()
        assert discovery(streams).discover({}).stream_arn is None

    def test_a_disabled_stream_on_one_log_is_not_read(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.switch_off()
        snapshot = discovery(streams, one_log=True).discover(begun(old, "s1"))
        assert (snapshot.stream_arn, snapshot.trouble) == (None, "the stream is off")
