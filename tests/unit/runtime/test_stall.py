"""A process whose counter has not changed for the limit, under observation, is dead."""

from app.runtime.stall import Sighting, alive, observe, observe_all

LIMIT = 10.0


class Observer:
    """Reads counters at given times, and returns which processes may be alive."""

    def __init__(self) -> None:
        self.seen: dict[str, Sighting] = {}

    def read(self, now: float, *, watched: bool = True, **counters: int) -> set[str]:
        self.seen = observe_all(self.seen, counters, now, watched=watched)
        return alive(self.seen, now, LIMIT)


def test_counter_seen_for_the_first_time_is_alive() -> None:
    assert Observer().read(1000.0, ada=1) == {"ada"}


def test_counter_unchanged_for_the_limit_is_dead() -> None:
    observer = Observer()
    reads = [observer.read(now, ada=1) for now in (0.0, 5.0, 9.9, 10.0)]
    assert reads == [{"ada"}, {"ada"}, {"ada"}, set()]


def test_counter_that_changes_within_the_limit_stays_alive() -> None:
    observer = Observer()
    reads = [observer.read(float(now), ada=now // 9) for now in range(60)]
    assert reads == [{"ada"}] * 60


def test_dead_counter_that_changes_again_is_alive() -> None:
    observer = Observer()
    assert [observer.read(now, ada=1) for now in (0.0, 10.0)] == [{"ada"}, set()]
    assert observer.read(11.0, ada=2) == {"ada"}


def test_counter_that_decreases_has_changed() -> None:
    observer = Observer()
    observer.read(0.0, ada=7)
    assert observer.read(10.0, ada=1) == {"ada"}


def test_name_that_is_gone_is_dropped() -> None:
    observer = Observer()
    observer.read(0.0, ada=1)
    assert observer.read(1.0) == set()
    assert observer.read(20.0, ada=1) == {"ada"}


def test_pause_of_the_observer_does_not_count() -> None:
    observer = Observer()
    observer.read(0.0, ada=1)
    assert observer.read(60.0, ada=1, watched=False) == {"ada"}
    assert observer.read(69.9, ada=1) == {"ada"}
    assert observer.read(70.0, ada=1) == set()


def test_moved_is_true_if_the_counter_changed_under_observation() -> None:
    observer = Observer()
    observer.read(0.0, ada=1, bob=1)
    observer.read(1.0, ada=2, bob=1)
    observer.read(60.0, ada=2, bob=1, watched=False)
    assert {name for name, seen in observer.seen.items() if seen.moved} == {"ada"}


def test_still_for_counts_from_the_first_read_of_the_current_value() -> None:
    first = observe(None, 5, 100.0)
    same = observe(first, 5, 108.0)
    other = observe(same, 6, 109.0)
    assert (same.still_for(110.0), other.still_for(110.0)) == (10.0, 1.0)
