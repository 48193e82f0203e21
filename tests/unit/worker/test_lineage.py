"""A shard is read after its parent and from the start, whatever order the listing has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.checkpoints import Checkpoint
from tests.support.builders import STREAM_ARN
from worker.stream.lineage import Position, Shard, readable

PARENT, CHILD, GRANDCHILD = Shard("s1", None), Shard("s2", "s1"), Shard("s3", "s2")


def read_to(*positions: tuple[str, str | None, bool]) -> dict[str, Checkpoint]:
    """Checkpoints: shard, sequence number, finished."""
    return {
        shard: Checkpoint("stockpulse", STREAM_ARN, shard, number, finished)
        for shard, number, finished in positions
    }


def test_a_shard_never_seen_before_starts_at_its_oldest_record() -> None:
    assert readable([PARENT], {}) == [Position("s1", None)]


def test_a_shard_goes_on_after_its_checkpoint() -> None:
    assert readable([PARENT], read_to(("s1", "42", False))) == [Position("s1", "42")]


def test_a_child_waits_for_its_parent() -> None:
    assert readable([PARENT, CHILD], {}) == [Position("s1", None)]
    assert readable([CHILD, PARENT], read_to(("s1", "42", False))) == [Position("s1", "42")]


def test_a_child_starts_at_its_oldest_record_once_its_parent_is_finished() -> None:
    assert readable([PARENT, CHILD], read_to(("s1", "42", True))) == [Position("s2", None)]


def test_a_parent_that_ended_empty_lets_its_child_go() -> None:
    assert readable([PARENT, CHILD], read_to(("s1", None, True))) == [Position("s2", None)]


def test_a_parent_that_is_not_listed_any_more_counts_as_trimmed() -> None:
    assert readable([CHILD], {}) == [Position("s2", None)]
    assert readable([CHILD], read_to(("s1", "42", False))) == [Position("s2", None)]


def test_a_finished_shard_is_not_read_again() -> None:
    done = read_to(("s1", "42", True), ("s2", "50", True))
    assert readable([PARENT, CHILD], done) == []


def test_grandchildren_wait_too() -> None:
    shards = [GRANDCHILD, CHILD, PARENT]
    assert readable(shards, {}) == [Position("s1", None)]
    assert readable(shards, read_to(("s1", "1", True))) == [Position("s2", None)]


def test_both_children_of_a_split_are_read_at_once() -> None:
    halves = [Shard("a", "s1"), Shard("b", "s1")]
    plan = readable([PARENT, *halves], read_to(("s1", "9", True)))
    assert plan == [Position("a", None), Position("b", None)]


def test_another_stream_s_root_is_no_parent() -> None:
    assert readable([Shard("x", None), Shard("y", "")], {}) == [
        Position("x", None),
        Position("y", None),
    ]


def test_no_shards_no_plan() -> None:
    assert readable([], read_to(("s1", "42", True))) == []


@st.composite
def forests(draw: st.DrawFn) -> list[Shard]:
    """Shards, each with an earlier one, one that is trimmed or none as its parent, shuffled."""
    shards = []
    for number in range(draw(st.integers(1, 8))):
        earlier = [f"s{index}" for index in range(number)]
        shards.append(Shard(f"s{number}", draw(st.sampled_from([None, "trimmed", *earlier]))))
    return draw(st.permutations(shards))


@given(forests(), st.data())
def test_every_shard_is_read_once_and_after_its_parent(
    shards: list[Shard], data: st.DataObject
) -> None:
    parents = {shard.id: shard.parent for shard in shards}
    done: dict[str, Checkpoint] = {}
    while plan := readable(shards, done):
        position = data.draw(st.sampled_from(plan))
        assert position.shard_id not in done
        assert parents[position.shard_id] in {None, "trimmed", *done}
        done |= read_to((position.shard_id, "1", True))
    assert set(done) == set(parents)


@pytest.mark.parametrize("finished", [True, False])
def test_checkpoints_of_shards_that_are_gone_do_no_harm(*, finished: bool) -> None:
    assert readable([PARENT], read_to(("gone", "7", finished))) == [Position("s1", None)]
