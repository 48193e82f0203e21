"""A scheduled call drains what is due, waits for dead claims only while it has time, and ends."""

from app.store.lane import Lane
from worker.sinks.drain import ClaimWatch
from worker.sinks.tick import drain_tick

DUE = Lane("P1", "archive#~lane", tail="x", next_try_ms=0)


class Scene:
    """Lanes that are there until they are drained, and a clock that only waiting moves."""

    def __init__(self, *lanes: Lane) -> None:
        self.lanes = list(lanes)
        self.drained: list[str] = []
        self.now = 0.0
        self.sinks = {"archive"}

    def open(self) -> list[Lane]:
        return list(self.lanes)

    def now_ms(self) -> int:
        return 1_000

    def __call__(self, lane: Lane) -> None:
        self.drained.append(lane.product_id)
        self.lanes.remove(lane)
        self.now += 1

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, until: float) -> None:
        tick = drain_tick(
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            ClaimWatch(45, lambda: self.now),
            lambda: self.now,
            self.sleep,
        )
        tick(until)


def test_what_is_due_is_drained_and_nothing_else() -> None:
    later = Lane("P2", "archive#~lane", tail="x", next_try_ms=2_000)
    other = Lane("P3", "elsewhere#~lane", tail="x")
    scene = Scene(DUE, later, other)
    scene.run(100)
    assert (scene.drained, scene.now) == (["P1"], 1)


def test_it_ends_when_its_time_is_up() -> None:
    scene = Scene(*(Lane(f"P{n}", "archive#~lane", tail="x") for n in range(9)))
    scene.run(3)
    assert len(scene.drained) == 3


def test_a_claim_is_waited_for_and_taken_over_when_it_is_dead() -> None:
    scene = Scene(Lane("P1", "archive#~lane", tail="x", claim="gone", beat=1))
    scene.run(100)
    assert (scene.drained, scene.now) == (["P1"], 46)
    scene = Scene(Lane("P1", "archive#~lane", tail="x", claim="gone", beat=1))
    scene.run(20)
    assert (scene.drained, scene.now) == ([], 20)
