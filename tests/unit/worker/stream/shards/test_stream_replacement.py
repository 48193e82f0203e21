"""An old stream is read to its end before its successor; one log is one stream."""

from app.store.coordination.checkpoints import Checkpoint, ShardKey
from tests.support.fakes.stub_streams import ARN
from worker.stream.shards.stream_replacement import (
    held_streams,
    outdated_checkpoints,
    positions,
    streams_in_order,
)

OLD, BETWEEN, NEW = (ARN.format("Products", f"2026-11-0{day}T09:00:00.000") for day in (1, 2, 3))
OTHER = ARN.format("Others", "2026-11-01T09:00:00.000")


def rows(*found: tuple[str, str, str | None, bool, str | None]) -> dict[ShardKey, Checkpoint]:
    """Checkpoints: stream, shard, number, finished, owner."""
    return {
        (arn, shard): Checkpoint("stockpulse", arn, shard, number, finished, owner, 1)
        for arn, shard, number, finished, owner in found
    }


class TestTheOrder:
    def test_at_the_first_start_only_the_current_stream_is_read(self) -> None:
        assert streams_in_order(NEW, set(), [OLD, BETWEEN, NEW]) == [NEW]

    def test_an_old_stream_comes_before_the_current_one(self) -> None:
        assert streams_in_order(NEW, {OLD, NEW}) == [OLD, NEW]

    def test_a_stream_that_came_and_went_unseen_is_read_in_between(self) -> None:
        assert streams_in_order(NEW, {OLD}, [NEW, BETWEEN, OLD]) == [OLD, BETWEEN, NEW]

    def test_a_stream_older_than_the_held_ones_is_not_read_again(self) -> None:
        assert streams_in_order(NEW, {BETWEEN}, [OLD, BETWEEN, NEW]) == [BETWEEN, NEW]

    def test_a_stream_newer_than_the_current_one_waits(self) -> None:
        assert streams_in_order(BETWEEN, {OLD}, [OLD, BETWEEN, NEW]) == [OLD, BETWEEN]
        assert streams_in_order(BETWEEN, {OLD, BETWEEN}, [OLD, BETWEEN, NEW]) == [OLD, BETWEEN]

    def test_while_the_stream_is_off_the_old_one_is_still_read(self) -> None:
        assert streams_in_order(None, {OLD}) == [OLD]
        assert streams_in_order(None, set()) == []

    def test_other_tables_streams_are_not_read(self) -> None:
        assert held_streams([(OLD, "s1"), (OLD, "s2"), (OTHER, "s1")], "Products") == {OLD}


class TestOneLog:
    def test_positions_carry_over_to_the_new_stream(self) -> None:
        known = rows((OLD, "s1", "42", False, None), (OTHER, "s1", "99", False, None))
        assert positions(known, NEW, one_log=True)["s1"].sequence_number == "42"
        assert positions(known, NEW, one_log=False) == {}

    def test_positions_are_compared_as_numbers(self) -> None:
        known = rows((OLD, "s1", "100", False, None), (NEW, "s1", "99", False, None))
        assert positions(known, NEW, one_log=True)["s1"].sequence_number == "100"

    def test_the_owner_under_the_old_stream_keeps_the_shard(self) -> None:
        known = rows((NEW, "s1", "42", False, None), (OLD, "s1", "42", False, "ada"))
        for order in (known, dict(reversed(known.items()))):
            assert positions(order, NEW, one_log=True)["s1"].owner == "ada"


class TestOutdatedCheckpoints:
    def test_a_drained_stream_s_rows_are_removed_once_its_successor_is_begun(self) -> None:
        known = rows((OLD, "s1", "42", True, None))
        assert outdated_checkpoints(known, NEW, {OLD}, one_log=False) == []
        begun = known | rows((NEW, "s2", None, False, "ada"))
        assert outdated_checkpoints(begun, NEW, {OLD}, one_log=False) == [known[OLD, "s1"]]
        assert outdated_checkpoints(begun, NEW, set(), one_log=False) == []

    def test_on_one_log_rows_are_removed_once_the_new_position_is_not_lower(self) -> None:
        known = rows((OLD, "s1", "42", False, None), (NEW, "s1", "41", False, "ada"))
        assert outdated_checkpoints(known, NEW, (), one_log=True) == []
        known |= rows((NEW, "s1", "42", False, "ada"))
        assert outdated_checkpoints(known, NEW, (), one_log=True) == [known[OLD, "s1"]]
