"""What a stream must still hold, from what is listed, what was begun, and what was gone before."""

import pytest

from app.store.coordination.checkpoints import Checkpoint
from tests.support.builders import STREAM_ARN
from worker.stream.shards.lineage import Listing, Position, Shard, parents_gone, promised, readable

NONE: frozenset[str] = frozenset()
CHILD, GRANDCHILD, OTHER = Shard("c", "p", "10"), Shard("g", "c", "20"), Shard("o", "q", "30")
ROOT = Shard("r", None, "5")


def rows(finished: str = "", begun: str = "") -> dict[str, Checkpoint]:
    """Checkpoints of shards with these letters."""
    return {
        shard: Checkpoint("stockpulse", STREAM_ARN, shard, None, shard in finished)
        for shard in finished + begun
    }


@pytest.mark.parametrize(
    ("finished", "begun", "gone_before", "vanished"),
    [
        ("", "", NONE, {"p", "q"}),  # reading began when both were there
        ("", "", {"p"}, {"q"}),  # one was gone before
        ("", "", None, set()),  # the first look of all: nothing was promised
        ("p", "", NONE, {"q"}),  # read to its end, then trimmed
        ("", "p", NONE, {"q"}),  # begun: its reader finds out, whether it is listed or not
        ("c", "", NONE, {"q"}),  # long past: the row of its parent was forgotten
        ("", "c", NONE, {"q"}),
        ("cgo", "", NONE, set()),
    ],
)
def test_a_parent_that_vanished_unread_is_asked_for(
    finished: str, begun: str, gone_before: set[str] | None, vanished: set[str]
) -> None:
    listing, found = Listing((CHILD, GRANDCHILD, OTHER)), rows(finished, begun)
    asked = promised(listing, found, gone_before).shards
    assert {shard.id for shard in asked} == {"c", "g", "o"} | vanished


def test_its_children_wait_until_the_service_has_said_that_it_is_gone() -> None:
    asked = promised(Listing((CHILD, GRANDCHILD)), {}, NONE)
    assert readable(asked, {}) == [Position("p", None)]
    after = promised(Listing((CHILD, GRANDCHILD)), rows(finished="p"), NONE)
    assert readable(after, rows(finished="p")) == [Position("c", None, "10")]


def test_a_listing_in_part_shows_nothing_vanished() -> None:
    in_part = Listing((CHILD,), complete=False)
    assert promised(in_part, {}, NONE) == in_part
    assert readable(promised(in_part, {}, NONE), {}) == []


@pytest.mark.parametrize(
    ("gone_before", "starts"),
    [
        (None, {"r": None, "c": None, "g": None, "o": None}),
        (NONE, {"r": None, "c": "10", "g": "20", "o": "30"}),  # a root's past nobody knows
        ({"p"}, {"r": None, "c": None, "g": "20", "o": "30"}),
    ],
)
def test_the_first_number_is_promised_of_children_of_what_was_there(
    gone_before: set[str] | None, starts: dict[str, str | None]
) -> None:
    listing = promised(Listing((ROOT, CHILD, GRANDCHILD, OTHER)), rows(finished="pq"), gone_before)
    assert {shard.id: shard.start for shard in listing.shards} == starts


def test_what_was_gone_is_what_named_parents_are_not_there_and_were_not_begun() -> None:
    assert parents_gone(Listing((ROOT, CHILD, GRANDCHILD, OTHER)), {}) == {"p", "q"}
    assert parents_gone(Listing((CHILD, OTHER)), rows(begun="c", finished="q")) == NONE
