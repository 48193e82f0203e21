"""A shard is read after its parent and from the start, whatever order the listing has."""

from hypothesis import given
from hypothesis import strategies as st

from app.store.coordination.checkpoints import Checkpoint
from tests.support.builders import STREAM_ARN
from worker.stream.shards.lineage import (
    Listing,
    Position,
    Shard,
    awaits_child,
    is_drained,
    readable,
    removable_checkpoints,
)

PARENT, CHILD, GRANDCHILD = Shard("s1", None), Shard("s2", "s1"), Shard("s3", "s2")


def listed(*shards: Shard) -> Listing:
    return Listing(shards)


def listed_in_part(*shards: Shard) -> Listing:
    return Listing(shards, complete=False)


def read_to(*positions: tuple[str, str | None, bool]) -> dict[str, Checkpoint]:
    """Checkpoints: shard, sequence number, finished."""
    return {
        shard: Checkpoint("stockpulse", STREAM_ARN, shard, number, finished)
        for shard, number, finished in positions
    }


def test_a_shard_never_seen_before_starts_at_its_oldest_record() -> None:
    assert readable(listed(PARENT), {}) == [Position("s1", None)]


def test_a_shard_goes_on_after_its_checkpoint() -> None:
    assert readable(listed(PARENT), read_to(("s1", "42", False))) == [Position("s1", "42")]


def test_a_child_waits_for_its_parent() -> None:
    assert readable(listed(PARENT, CHILD), {}) == [Position("s1", None)]
    assert readable(listed(CHILD, PARENT), read_to(("s1", "42", False))) == [Position("s1", "42")]


def test_a_child_starts_at_its_oldest_record_once_its_parent_is_finished() -> None:
    assert readable(listed(PARENT, CHILD), read_to(("s1", "42", True))) == [Position("s2", None)]


def test_a_parent_that_ended_empty_lets_its_child_go() -> None:
    assert readable(listed(PARENT, CHILD), read_to(("s1", None, True))) == [Position("s2", None)]


def test_a_parent_that_is_not_listed_any_more_and_was_never_begun_counts_as_trimmed() -> None:
    assert readable(listed(CHILD), {}) == [Position("s2", None)]


def test_a_parent_that_was_begun_and_is_not_listed_is_asked_for_before_its_child() -> None:
    """The service itself must say that it is gone: a gap, after which the child may go."""
    begun, given_up = read_to(("s1", "42", False)), read_to(("s1", "42", True))
    assert readable(listed(CHILD), begun) == [Position("s1", "42")]
    assert readable(listed(CHILD), given_up) == [Position("s2", None)]


def test_a_shard_that_was_taken_and_gave_nothing_yet_is_asked_for_too() -> None:
    assert readable(listed(), read_to(("s1", None, False))) == [Position("s1", None)]


def test_a_finished_shard_is_not_read_again() -> None:
    done = read_to(("s1", "42", True), ("s2", "50", True))
    assert readable(listed(PARENT, CHILD), done) == []
    assert readable(listed(), done) == []


def test_several_generations_at_once_are_read_one_after_another() -> None:
    shards = listed(GRANDCHILD, CHILD, PARENT)
    assert readable(shards, {}) == [Position("s1", None)]
    assert readable(shards, read_to(("s1", "1", True))) == [Position("s2", None)]
    done = read_to(("s1", "1", True), ("s2", "2", True))
    assert readable(shards, done) == [Position("s3", None)]


def test_both_children_of_a_split_are_read_at_once() -> None:
    halves = [Shard("a", "s1"), Shard("b", "s1")]
    plan = readable(listed(PARENT, *halves), read_to(("s1", "9", True)))
    assert plan == [Position("a", None), Position("b", None)]


def test_another_stream_s_root_is_no_parent() -> None:
    assert readable(listed(Shard("x", None), Shard("y", "")), {}) == [
        Position("x", None),
        Position("y", None),
    ]


class TestAListingInPart:
    """A page failed: nothing may look vanished, no parent trimmed (FACTS §1.8)."""

    def test_a_shard_whose_parent_may_stand_on_the_page_that_failed_waits(self) -> None:
        assert readable(listed_in_part(CHILD), {}) == []
        assert readable(listed(CHILD), {}) == [Position("s2", None)]

    def test_what_was_found_is_read(self) -> None:
        assert readable(listed_in_part(PARENT, CHILD), {}) == [Position("s1", None)]

    def test_a_child_whose_parent_is_finished_need_not_wait_for_the_rest(self) -> None:
        plan = readable(listed_in_part(CHILD), read_to(("s1", "42", True)))
        assert plan == [Position("s2", None)]

    def test_what_was_begun_goes_on_though_no_page_came(self) -> None:
        assert readable(listed_in_part(), read_to(("s2", "42", False))) == [Position("s2", "42")]

    def test_no_checkpoint_is_forgotten(self) -> None:
        done = read_to(("s1", "42", True)).values()
        assert removable_checkpoints(listed_in_part(), done) == []

    def test_an_old_stream_does_not_look_drained(self) -> None:
        assert not is_drained(listed_in_part(), {})


class TestForgetting:
    def test_finished_shards_that_are_gone_are_forgotten_and_no_others(self) -> None:
        rows = read_to(("gone", "7", True), ("s1", "9", True), ("lost", "8", False))
        assert removable_checkpoints(listed(PARENT), rows.values()) == [rows["gone"]]

    def test_that_lets_no_shard_begin_too_early_or_again(self) -> None:
        shards = listed(CHILD, GRANDCHILD)
        rows = read_to(("s1", "1", True), ("s2", "2", False))
        forgotten = {found.shard_id for found in removable_checkpoints(shards, rows.values())}
        kept = {shard: row for shard, row in rows.items() if shard not in forgotten}
        assert forgotten == {"s1"}
        assert readable(shards, kept) == readable(shards, rows) == [Position("s2", "2")]


class TestDraining:
    def test_an_old_stream_is_drained_when_every_shard_is_finished(self) -> None:
        assert not is_drained(listed(PARENT), {})
        assert not is_drained(listed(PARENT, CHILD), read_to(("s1", "1", True)))
        assert is_drained(listed(PARENT), read_to(("s1", "1", True)))
        assert is_drained(listed(), {})

    def test_not_while_it_is_being_switched_off(self) -> None:
        """A child can still show up."""
        assert not is_drained(Listing((PARENT,), settled=False), read_to(("s1", "1", True)))


def test_a_finished_shard_without_a_child_awaits_one() -> None:
    done = read_to(("s1", "1", True))
    assert awaits_child(listed(PARENT), done)
    assert not awaits_child(listed(PARENT, CHILD), done)
    assert not awaits_child(listed(PARENT), {})


@st.composite
def forests(draw: st.DrawFn) -> list[Shard]:
    """Shards, each with an earlier one, one that is trimmed or none as its parent, shuffled."""
    shards = []
    for number in range(draw(st.integers(1, 8))):
        earlier = [f"s{index}" for index in range(number)]
        shards.append(Shard(f"s{number}", draw(st.sampled_from([None, "trimmed", *earlier]))))
    return draw(st.permutations(shards))


@given(forests(), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 255)), max_size=12))
def test_every_shard_is_read_once_and_after_its_parent_however_the_pages_fail(
    shards: list[Shard], looks: list[tuple[int, int]]
) -> None:
    """A look: how many shards are listed before a page fails, and which of the readable end."""
    parents = {shard.id: shard.parent for shard in shards}
    done: dict[str, Checkpoint] = {}
    for cut, ends in [*looks, *[(len(shards), 255)] * len(shards)]:
        listing = Listing(tuple(shards[:cut]), complete=cut >= len(shards))
        before = {shard for shard, row in done.items() if row.finished}
        for index, position in enumerate(readable(listing, done)):
            assert position.shard_id not in before
            assert parents[position.shard_id] in {None, "trimmed", *before}
            done |= read_to((position.shard_id, "1", bool(ends >> index & 1)))
    assert {shard for shard, row in done.items() if row.finished} == set(parents)
