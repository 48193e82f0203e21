"""What DynamoDB Streams does by itself: shards split, close, appear late and lose old records."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.fakes.fake_stream import StreamOptions
from tests.unit.worker.machine.acts import Then, WorkerMachineBase, choices, then


class StreamRules(WorkerMachineBase):
    """Rules for the stream."""

    @rule(choose=choices, hidden=st.booleans(), then=then)
    def split(self, choose: int, hidden: bool, then: Then) -> None:  # noqa: FBT001
        self.world.part(choose, split=True, listed=not hidden)
        self.stage.run(*then)

    @rule(choose=choices, hidden=st.booleans(), then=then)
    def rotate(self, choose: int, hidden: bool, then: Then) -> None:  # noqa: FBT001
        self.world.part(choose, split=False, listed=not hidden)
        self.stage.run(*then)

    @rule(then=then)
    def show_children(self, then: Then) -> None:
        self.world.stream.reveal()
        self.stage.run(*then)

    @rule(choose=choices)
    def hold_back(self, choose: int) -> None:
        self.world.hold_back(choose)

    @rule(then=then)
    def let_held_records_show(self, then: Then) -> None:
        self.world.let_held_records_show()
        self.stage.run(*then)

    @rule(
        options=st.builds(
            StreamOptions,
            page=st.integers(1, 4),
            listing=st.integers(1, 3),
            ends_on_open=st.booleans(),
            ends_hidden=st.booleans(),
            last_page_full=st.booleans(),
            strict_horizon=st.booleans(),
        ),
        empty=st.integers(0, 2),
    )
    def serve(self, options: StreamOptions, empty: int) -> None:
        self.world.streams.options = options
        self.world.streams.empty_pages = empty

    @rule(times=st.integers(1, 2), then=then)
    def repeat_page(self, times: int, then: Then) -> None:
        self.world.streams.repeats = times
        self.stage.run(*then)

    @rule(then=then)
    def expire(self, then: Then) -> None:
        self.world.streams.expire_iterators()
        self.stage.run(*then)

    @rule(choose=choices)
    def trim_read_records(self, choose: int) -> None:
        shards = self.world.all_shards()
        arn, shard = shards[choose % len(shards)]
        finished = (arn, shard.id) in self.world.ledger.finished
        self.world.trim(arn, shard, self.world.consumed(arn, shard), forget=finished)

    @rule(choose=choices, count=st.integers(1, 6), forget=st.booleans(), then=then)
    def trim_unread_records(self, choose: int, count: int, forget: bool, then: Then) -> None:  # noqa: FBT001
        """Trim past the checkpoint: a gap reports it, or a comparison if no record was read."""
        shards = self.world.all_shards()
        arn, shard = shards[choose % len(shards)]
        self.world.trim(arn, shard, self.world.consumed(arn, shard) + count, forget=forget)
        self.stage.run(*then)

    @precondition(lambda self: len(self.world.streams.streams) < 4)
    @rule(then=then)
    def recreate(self, then: Then) -> None:
        self.world.recreate()
        self.stage.run(*then)
