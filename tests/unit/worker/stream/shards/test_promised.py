"""What a stream must still hold, given its listing, checkpoints, and parents already gone."""

import pytest

from app.store.coordination.checkpoints import Checkpoint
from tests.support.builders import STREAM_ARN
from worker.stream.shards.lineage import Listing, Position, Shard, parents_gone, promised, readable

NONE: frozenset[str] = frozenset()
CHILD, GRANDCHILD, OTHER = Shard("c", "p", "10"), Shard("g", "c", "20"), Shard("o", "q", "30")
ROOT = Shard("r", None, "5")


def rows(finished: str = "", begun: str = "") -> dict[str, Checkpoint]:
    """Checkpoints of the shards with these letters."""
    return {
        shard: Checkpoint("stockpulse", STREAM_ARN, shard, None, shard in finished)
        for shard in finished + begun
    }


@pytest.mark.parametrize(
    ("finished", "begun", "gone_before", "vanished"),
    [
        ("", "", NONE, {"p", "q"}),  # reading began when both were there
        ("", "", {"p"}, {"q"}),  # one was gone at the start
        ("", "", None, set()),  # the first listing: nothing was expected before
        ("p", "", NONE, {"q"}),  # read to its end, then trimmed
        ("", "p", NONE, {"q"}),  # begun: its reader finds out, listed or not
        ("c", "", NONE, {"q"}),  # its parent's row was removed long ago
        ("", "c", NONE, {"q"}),
        ("cgo", "", NONE, set()),
    ],
)
def test_a_parent_that_vanished_unread_is_requested(
    finished: str, begun: str, gone_before: set[str] | None, vanished: set[str]
) -> None:
    listing, found = Listing((CHILD, GRANDCHILD, OTHER)), rows(finished, begun)
    expected = promised(listing, found, gone_before).shards
    assert {shard.id for shard in expected} == {"c", "g", "o"} | vanished


def test_children_wait_until_the_service_reports_their_parent_gone() -> None:
    expected = promised(Listing((CHILD, GRANDCHILD)), {}, NONE)
    assert readable(expected, {}) == [Position("p", None)]
    after = promised(Listing((CHILD, GRANDCHILD)), rows(finished="p"), NONE)
    assert readable(after, rows(finished="p")) == [Position("c", None, "10")]


def test_an_incomplete_listing_proves_no_loss() -> None:
    in_part = Listing((CHILD,), complete=False)
    assert promised(in_part, {}, NONE) == in_part
    assert readable(promised(in_part, {}, NONE), {}) == []


@pytest.mark.parametrize(
    ("gone_before", "starts"),
    [
        (None, {"r": None, "c": None, "g": None, "o": None}),
        (NONE, {"r": None, "c": "10", "g": "20", "o": "30"}),  # a root's past is unknown
        ({"p"}, {"r": None, "c": None, "g": "20", "o": "30"}),
    ],
)
def test_only_children_of_present_parents_must_have_their_first_number(
    gone_before: set[str] | None, starts: dict[str, str | None]
) -> None:
    listing = promised(Listing((ROOT, CHILD, GRANDCHILD, OTHER)), rows(finished="pq"), gone_before)
    assert {shard.id: shard.start for shard in listing.shards} == starts


def test_gone_parents_are_those_neither_listed_nor_begun() -> None:
    assert parents_gone(Listing((ROOT, CHILD, GRANDCHILD, OTHER)), {}) == {"p", "q"}
    assert parents_gone(Listing((CHILD, OTHER)), rows(begun="c", finished="q")) == NONE
