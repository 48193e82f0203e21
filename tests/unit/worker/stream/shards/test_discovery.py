"""Of a stream is read what the service tells, and what it fails to tell is not taken for gone."""

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


def test_a_page_that_fails_leaves_those_found(streams: StubStreams) -> None:
    streams.add(*shards(150))
    streams.faults["describe_stream"] = [None, fault("LimitExceededException")]
    look = discovery(streams).discover({})
    assert (len(look.listing.shards), look.listing.complete) == (100, False)
    assert "cannot list the stream's shards" in look.trouble


def test_and_those_known_from_before(streams: StubStreams) -> None:
    streams.add(*shards(150))
    eyes = discovery(streams)
    eyes.discover({})
    streams.add(StubShard("new", "s0149"))
    streams.faults["describe_stream"] = [fault("InternalServerError")]
    listing = eyes.discover({}).listing
    assert (len(listing.shards), listing.complete) == (150, False)
    assert eyes.discover({}).listing == Listing(
        (*listing.shards, Shard("new", "s0149")), complete=True
    )


def test_no_page_at_all_is_a_listing_of_nothing_not_of_no_shards(streams: StubStreams) -> None:
    streams.add(*shards(1))
    streams.faults["describe_stream"] = [fault("InternalServerError")]
    assert discovery(streams).discover({}).listing == Listing((), complete=False)


def test_a_current_stream_that_is_unknown_is_no_empty_one(streams: StubStreams) -> None:
    """The table and its stream are made in two places; one may be late."""
    streams.faults["describe_stream"] = [fault("ResourceNotFoundException")]
    assert not discovery(streams).discover({}).listing.complete


def test_the_table_failing_is_an_error(streams: StubStreams) -> None:
    def down() -> None:
        raise StoreUnavailable("down")

    with pytest.raises(StoreUnavailable):
        Discovery(streams, "Products", down).discover({})  # type: ignore[arg-type]


class TestAStreamMadeAnew:
    def test_the_old_one_is_read_first(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"))
        new = streams.new_stream(LABELS[1])
        look = discovery(streams).discover(begun(old, "s1"))
        assert (look.stream_arn, look.is_new) == (old, False)
        look = discovery(streams).discover(begun(old, "s1", finished=True))
        assert (look.stream_arn, look.is_new, look.drained) == (new, True, {old})

    def test_it_is_new_only_until_it_is_begun(self, streams: StubStreams) -> None:
        old = streams.current or ""
        new = streams.new_stream(LABELS[1])
        rows = begun(old, "s1", finished=True) | begun(new, "s2")
        look = discovery(streams).discover(rows)
        assert (look.stream_arn, look.is_new, look.drained) == (new, False, {old})

    def test_an_old_one_s_late_child_is_read_too(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"), StubShard("s2", "s1"))
        streams.new_stream(LABELS[1])
        look = discovery(streams).discover(begun(old, "s1", finished=True))
        assert look.stream_arn == old

    def test_while_it_is_being_switched_off_the_old_one_is_not_over(
        self, streams: StubStreams
    ) -> None:
        old = streams.current or ""
        streams.new_stream(LABELS[1])
        streams.status = "DISABLING"
        assert discovery(streams).discover(begun(old, "s1", finished=True)).stream_arn == old

    def test_one_that_the_service_forgot_is_left_to_its_readers(self, streams: StubStreams) -> None:
        """They meet ResourceNotFound, which is a gap; a finished one is over."""
        old = streams.current or ""
        new = streams.new_stream(LABELS[1])
        del streams.streams[old]
        assert discovery(streams).discover(begun(old, "s1")).stream_arn == old
        assert discovery(streams).discover(begun(old, "s1", finished=True)).stream_arn == new

    def test_one_that_came_and_went_unseen_is_read_between(self, streams: StubStreams) -> None:
        old = streams.current or ""
        between = streams.new_stream(LABELS[1])
        streams.add(StubShard("s1"))
        streams.new_stream(LABELS[2])
        look = discovery(streams).discover(begun(old, "s0", finished=True))
        assert (look.stream_arn, look.is_new) == (between, True)

    def test_without_the_right_to_list_streams_the_new_one_is_read_all_the_same(
        self, streams: StubStreams
    ) -> None:
        old = streams.current or ""
        streams.new_stream(LABELS[1])
        new = streams.new_stream(LABELS[2])
        streams.faults["list_streams"] = [fault("AccessDeniedException")]
        assert discovery(streams).discover(begun(old, "s0", finished=True)).stream_arn == new

    def test_while_the_list_fails_no_stream_is_skipped(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.new_stream(LABELS[1])
        streams.faults["list_streams"] = [fault("InternalServerError")]
        with pytest.raises(StoreUnavailable):
            discovery(streams).discover(begun(old, "s0", finished=True))

    def test_the_service_is_asked_for_those_only_when_the_stream_is_new(
        self, streams: StubStreams
    ) -> None:
        discovery(streams).discover({})
        discovery(streams).discover(begun(streams.current or "", "s1"))
        assert list(streams.of("list_streams")) == []

    def test_the_first_start_ever_is_no_gap(self, streams: StubStreams) -> None:
        streams.new_stream(LABELS[1])
        look = discovery(streams).discover({})
        assert (look.stream_arn, look.is_new) == (streams.current, False)

    def test_on_one_log_only_the_newest_name_is_ever_read(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"))
        new = streams.new_stream(LABELS[1])
        look = discovery(streams, one_log=True).discover(begun(old, "s1"))
        assert (look.stream_arn, look.is_new) == (new, False)
        assert set(streams.of("describe_stream")) == {new}


class TestAStreamSwitchedOff:
    def test_is_named_and_its_rest_is_read(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.add(StubShard("s1"))
        streams.switch_off()
        look = discovery(streams).discover(begun(old, "s1"))
        assert (look.stream_arn, look.trouble) == (old, "the stream is off")

    def test_is_named_when_nothing_is_left(self, streams: StubStreams) -> None:
        streams.switch_off()
        assert discovery(streams).discover({}).stream_arn is None

    def test_on_one_log_nothing_is_read(self, streams: StubStreams) -> None:
        old = streams.current or ""
        streams.switch_off()
        look = discovery(streams, one_log=True).discover(begun(old, "s1"))
        assert (look.stream_arn, look.trouble) == (None, "the stream is off")
