"""A shard is read after its parent and from its start, whatever the order of the listing."""

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


def listed_incompletely(*shards: Shard) -> Listing:
    return Listing(shards, complete=False)


def read_to(*positions: tuple[str, str | None, bool]) -> dict[str, Checkpoint]:
    """Checkpoints: shard, sequence number, finished."""
    return {
        shard: Checkpoint("stockpulse", STREAM_ARN, shard, number, finished)
        for shard, number, finished in positions
    }


def test_a_new_shard_starts_at_its_oldest_record() -> None:
    assert readable(listed(PARENT), {}) == [Position("s1", None)]


def test_a_shard_continues_after_its_checkpoint() -> None:
    assert readable(listed(PARENT), read_to(("s1", "42", False))) == [Position("s1", "42")]


def test_a_child_waits_for_its_parent() -> None:
    assert readable(listed(PARENT, CHILD), {}) == [Position("s1", None)]
    assert readable(listed(CHILD, PARENT), read_to(("s1", "42", False))) == [Position("s1", "42")]


def test_a_child_starts_at_its_oldest_record_once_its_parent_is_finished() -> None:
    assert readable(listed(PARENT, CHILD), read_to(("s1", "42", True))) == [Position("s2", None)]


def test_the_child_of_an_empty_parent_is_read() -> None:
    assert readable(listed(PARENT, CHILD), read_to(("s1", None, True))) == [Position("s2", None)]


def test_an_unlisted_parent_that_was_never_begun_counts_as_trimmed() -> None:
    assert readable(listed(CHILD), {}) == [Position("s2", None)]


def test_an_unlisted_parent_that_was_begun_is_requested_before_its_child() -> None:
    """The service itself must report it gone: that is a gap, and then its child may be read."""
    begun, given_up = read_to(("s1", "42", False)), read_to(("s1", "42", True))
    assert readable(listed(CHILD), begun) == [Position("s1", "42")]
    assert readable(listed(CHILD), given_up) == [Position("s2", None)]


def test_an_unlisted_shard_without_a_position_is_requested() -> None:
    assert readable(listed(), read_to(("s1", None, False))) == [Position("s1", None)]


def test_a_finished_shard_is_not_read_again() -> None:
    done = read_to(("s1", "42", True), ("s2", "50", True))
    assert readable(listed(PARENT, CHILD), done) == []
    assert readable(listed(), done) == []


def test_several_generations_are_read_one_after_another() -> None:
    shards = listed(GRANDCHILD, CHILD, PARENT)
    assert readable(shards, {}) == [Position("s1", None)]
    assert readable(shards, read_to(("s1", "1", True))) == [Position("s2", None)]
    done = read_to(("s1", "1", True), ("s2", "2", True))
    assert readable(shards, done) == [Position("s3", None)]


def test_both_children_of_a_split_are_read_together() -> None:
    halves = [Shard("a", "s1"), Shard("b", "s1")]
    plan = readable(listed(PARENT, *halves), read_to(("s1", "9", True)))
    assert plan == [Position("a", None), Position("b", None)]


def test_root_shards_wait_for_no_parent() -> None:
    assert readable(listed(Shard("x", None), Shard("y", "")), {}) == [
        Position("x", None),
        Position("y", None),
    ]


class TestAnIncompleteListing:
    """A page failed: no shard counts as vanished and no parent as trimmed (stream fact 8)."""

    def test_a_shard_whose_parent_may_be_on_the_failed_page_waits(self) -> None:
        assert readable(listed_incompletely(CHILD), {}) == []
        assert readable(listed(CHILD), {}) == [Position("s2", None)]

    def test_listed_shards_are_read(self) -> None:
        assert readable(listed_incompletely(PARENT, CHILD), {}) == [Position("s1", None)]

    def test_a_child_of_a_finished_parent_does_not_wait(self) -> None:
        plan = readable(listed_incompletely(CHILD), read_to(("s1", "42", True)))
        assert plan == [Position("s2", None)]

    def test_begun_shards_continue_without_any_page(self) -> None:
        assert readable(listed_incompletely(), read_to(("s2", "42", False))) == [
            Position("s2", "42")
        ]

    def test_no_checkpoint_is_removable(self) -> None:
        done = read_to(("s1", "42", True)).values()
        assert removable_checkpoints(listed_incompletely(), done) == []

    def test_an_old_stream_is_not_drained(self) -> None:
        assert not is_drained(listed_incompletely(), {})


class TestRemovableCheckpoints:
    def test_only_finished_shards_that_are_gone_are_removable(self) -> None:
        rows = read_to(("gone", "7", True), ("s1", "9", True), ("lost", "8", False))
        assert removable_checkpoints(listed(PARENT), rows.values()) == [rows["gone"]]

    def test_a_stream_without_listed_shards_keeps_its_checkpoints(self) -> None:
        assert removable_checkpoints(listed(), read_to(("s1", "9", True)).values()) == []

    def test_removal_starts_no_shard_too_early_or_again(self) -> None:
        shards = listed(CHILD, GRANDCHILD)
        rows = read_to(("s1", "1", True), ("s2", "2", False))
        removed = {found.shard_id for found in removable_checkpoints(shards, rows.values())}
        kept = {shard: row for shard, row in rows.items() if shard not in removed}
        assert removed == {"s1"}
        assert readable(shards, kept) == readable(shards, rows) == [Position("s2", "2")]


class TestDraining:
    def test_an_old_stream_is_drained_when_every_shard_is_finished(self) -> None:
        assert not is_drained(listed(PARENT), {})
        assert not is_drained(listed(PARENT, CHILD), read_to(("s1", "1", True)))
        assert is_drained(listed(PARENT), read_to(("s1", "1", True)))
        assert is_drained(listed(), {})

    def test_a_disabling_stream_is_not_drained(self) -> None:
        """A child can still appear."""
        assert not is_drained(Listing((PARENT,), settled=False), read_to(("s1", "1", True)))


def test_a_finished_shard_without_a_child_awaits_one() -> None:
    done = read_to(("s1", "1", True))
    assert awaits_child(listed(PARENT), done)
    assert not awaits_child(listed(PARENT, CHILD), done)
    assert not awaits_child(listed(PARENT), {})


@st.composite
def forests(draw: st.DrawFn) -> list[Shard]:
    """Shards in random order; a parent is an earlier shard, a trimmed one, or none."""
    shards = []
    for number in range(draw(st.integers(1, 8))):
        earlier = [f"s{index}" for index in range(number)]
        shards.append(Shard(f"s{number}", draw(st.sampled_from([None, "trimmed", *earlier]))))
    return draw(st.permutations(shards))


@given(forests(), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 255)), max_size=12))
def test_every_shard_is_read_once_and_after_its_parent_whichever_pages_fail(
    shards: list[Shard], listings: list[tuple[int, int]]
) -> None:
    """A listing: the number of shards listed before a page fails, and which readable shards end."""
    parents = {shard.id: shard.parent for shard in shards}
    done: dict[str, Checkpoint] = {}
    for cut, ends in [*listings, *[(len(shards), 255)] * len(shards)]:
        listing = Listing(tuple(shards[:cut]), complete=cut >= len(shards))
        before = {shard for shard, row in done.items() if row.finished}
        for index, position in enumerate(readable(listing, done)):
            assert position.shard_id not in before
            assert parents[position.shard_id] in {None, "trimmed", *before}
            done |= read_to((position.shard_id, "1", bool(ends >> index & 1)))
    assert {shard for shard, row in done.items() if row.finished} == set(parents)
