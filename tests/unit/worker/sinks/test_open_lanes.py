"""A lane that may be open is never taken for closed."""

from app.store.lane import Lane
from worker.sinks.drain import ClaimWatch
from worker.sinks.drainer import due
from worker.sinks.open_lanes import OpenLanes

LANE = ("archive", "P1")


def test_a_lane_is_open_from_before_its_parking_until_it_was_seen_closed() -> None:
    known = OpenLanes()
    assert LANE not in known
    with known.parking([LANE]):
        assert LANE in known
    assert LANE in known
    known.absent(known.seen())
    assert LANE not in known


def test_a_parking_that_began_before_the_look_keeps_it_open() -> None:
    known = OpenLanes()
    with known.parking([LANE]):
        seen = known.seen()
        known.absent(seen)
        assert LANE in known
    known.absent(seen)  # the look may have been before the parking took effect
    assert LANE in known


def test_a_parking_after_the_look_keeps_it_open() -> None:
    known = OpenLanes()
    known.load([LANE])
    seen = known.seen()
    with known.parking([LANE]):
        pass
    known.absent(seen)
    assert LANE in known


def test_a_lane_loaded_since_the_look_stays_open() -> None:
    known = OpenLanes()
    known.load([LANE])
    changes = known.changes(LANE)
    known.load([LANE])
    known.absent({LANE: changes})
    assert LANE in known


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_claim_is_dead_once_it_was_seen_still_for_its_life() -> None:
    clock = Clock()
    watch = ClaimWatch(10, clock)
    claimed = Lane("P1", "archive#~lane", tail="x", claim="other", beat=1)
    assert watch.free([claimed]) == []
    clock.now = 9.9
    assert watch.free([claimed]) == []
    clock.now = 10
    assert watch.free([claimed]) == [claimed]


def test_a_claim_that_moves_lives() -> None:
    clock = Clock()
    watch = ClaimWatch(10, clock)
    for beat in range(5):
        clock.now += 8
        assert watch.free([Lane("P1", "archive#~lane", tail="x", claim="other", beat=beat)]) == []
    assert watch.free([]) == []
    clock.now += 11  # it was gone at a look: what comes now is another claim
    assert watch.free([Lane("P1", "archive#~lane", tail="x", claim="other", beat=4)]) == []


def test_what_nobody_drains_is_free_and_tried_when_its_time_comes() -> None:
    lanes = [
        Lane("late", "archive#~lane", tail="x", next_try_ms=900),
        Lane("early", "archive#~lane", tail="x", next_try_ms=500),
        Lane("not yet", "archive#~lane", tail="x", next_try_ms=1_001),
        Lane("asked for", "archive#~lane", tail="x", next_try_ms=9_000, due=True),
        Lane("of the audit", "audit#label#1", due=True),
    ]
    assert ClaimWatch().free(lanes) == lanes
    assert [lane.product_id for lane in due(lanes, 1_000)] == [
        "of the audit",
        "early",
        "late",
        "asked for",
    ]
