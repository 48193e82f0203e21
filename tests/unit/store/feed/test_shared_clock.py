"""Writers whose own clocks differ by an hour stamp within seconds of each other."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import StoreUnavailable
from app.store.feed.shared_clock import EXCHANGE, LEAD, STEP, SharedClock, within
from tests.unit.store.feed.clocks import HOUR, OVERLAP_MS, World


@pytest.mark.parametrize("store_skew", [0, None], ids=["store's time", "own clocks"])
def test_with_an_hour_between_clocks_order_holds_within_the_overlap_and_nothing_runs_away(
    store_skew: int | None,
) -> None:
    world = World(store_skew=store_skew)
    fast, slow, exact = world.writer(HOUR), world.writer(-HOUR), world.writer()
    for _ in range(6_000):  # ten minutes, every writer ten times a second
        world.now += 0.1
        for writer in (fast, slow, exact):
            world.stamp(writer)
    assert world.most_out_of_order() < OVERLAP_MS / 2
    expected = world.ms(0 if store_skew == 0 else HOUR)
    assert abs(world.stamps[-1][1] - expected) <= LEAD + 1_000
    assert world.row.ms <= expected + LEAD + 1_000
    assert world.row.writes <= 3 * (world.now / EXCHANGE + 1)


@given(st.integers(0, 10_000), st.lists(st.sampled_from([0, HOUR, -HOUR, 3_000]), min_size=2))
def test_writers_that_come_go_and_fall_silent_keep_the_order_within_the_overlap(
    seed: int, skews: list[int]
) -> None:
    world, chance = World(), random.Random(seed)
    writers = [world.writer(skew) for skew in skews[:4]]
    for _ in range(300):
        world.now += chance.choice([0.0, 0.01, 0.3, 2.0, 600.0])
        place = chance.randrange(len(writers))
        if chance.random() < 0.2:
            writers[place] = world.writer(skews[place])  # killed and started again
        world.stamp(writers[place])
    assert world.most_out_of_order() < OVERLAP_MS / 2
    assert world.row.ms <= world.ms(0) + LEAD + 1_000 + STEP * 300


def test_a_store_whose_clock_steps_back_an_hour_takes_no_stamp_back() -> None:
    world = World()
    writers = [world.writer(), world.writer()]
    for second in range(60):
        world.now += 1
        world.store_skew = 0 if second < 30 else -HOUR
        if second == 45:
            writers[0] = world.writer()
        for writer in writers:
            world.stamp(writer)
    assert world.most_out_of_order() < OVERLAP_MS / 2


def test_a_restart_never_goes_backwards_and_a_hundred_do_not_run_away() -> None:
    world = World()
    for life in range(100):
        before = world.stamps[-1][1] if world.stamps else 0
        assert world.stamp(world.writer(skew=-life * 60_000)).ms > before
    assert world.row.ms <= world.ms(0) + LEAD + 1_000 + 100 * STEP


def test_a_deployment_that_had_no_such_row_goes_on_after_its_newest_stamp() -> None:
    world = World()
    newest = world.ms(HOUR)
    writer = SharedClock(world.row, newest, now_ms=lambda: world.ms(0), monotonic=lambda: world.now)
    assert world.stamp(writer).ms > newest
    assert world.stamp(world.writer()).ms > newest


def test_one_writer_stamps_ever_greater_however_many_in_a_millisecond() -> None:
    world = World()
    writer = world.writer()
    stamps = [world.stamp(writer).ms for _ in range(5_000)]
    assert stamps == sorted(set(stamps))


def test_a_quiet_writer_s_calls_are_few() -> None:
    world = World()
    writer = world.writer()
    for _ in range(10):
        world.now += 0.09
        world.stamp(writer)
    assert world.row.writes == 1


def test_of_two_that_exchange_at_once_one_looks_again() -> None:
    world = World()
    one, other = world.writer(), world.writer(HOUR)
    race = [lambda: world.stamp(other)]
    world.row.between = lambda: race.pop()() if race else None
    world.stamp(one)
    assert len(world.stamps) == 2
    assert world.most_out_of_order() < OVERLAP_MS / 2


def test_a_row_that_is_always_another_s_is_an_outage_to_try_again() -> None:
    world = World()
    writer = world.writer()

    def taken() -> None:
        world.now += 2
        world.row.ms = world.ms(0) + LEAD

    world.row.between = taken
    with pytest.raises(StoreUnavailable):
        writer.stamp()
    world.row.between = lambda: None
    world.stamp(writer)
    assert len(world.stamps) == 1


def test_a_cold_writer_stamps_above_all_that_a_warm_one_stamped_before() -> None:
    world = World()
    warm, cold = world.writer(), world.writer()
    stamps = [world.stamp(cold).ms, world.stamp(warm).ms]
    world.now += 0.9
    stamps += [world.stamp(warm).ms for _ in range(1_500)]  # well ahead of time
    cold.raise_past_row()  # the product's shard is the cold writer's now
    stamps.append(world.stamp(cold).ms)
    warm.raise_past_row()  # and back
    stamps.append(world.stamp(warm).ms)
    assert stamps[2:] == sorted(set(stamps[2:]))


def test_a_writer_that_has_never_stamped_raises_its_clock_past_the_row_and_the_feed() -> None:
    world = World()
    newest = world.ms(HOUR)
    writer = SharedClock(world.row, newest, now_ms=lambda: world.ms(0), monotonic=lambda: world.now)
    writer.raise_past_row()
    assert world.stamp(writer).ms > newest
    other = world.writer()
    other.raise_past_row()
    assert world.stamp(other).ms > newest


def test_a_clock_that_was_raised_after_an_hour_of_silence_stamps_the_time_of_day() -> None:
    world = World()
    writer = world.writer()
    world.stamp(writer)
    world.now += 3600
    writer.raise_past_row()
    assert 0 <= world.stamp(writer).ms - world.ms(0) <= LEAD


@given(st.integers(0, 10_000), st.lists(st.sampled_from([0, HOUR, -HOUR, 3_000]), min_size=2))
def test_a_product_s_stamps_rise_from_writer_to_writer_whatever_their_clocks(
    seed: int, skews: list[int]
) -> None:
    world, chance = World(), random.Random(seed)
    writers = [world.writer(skew) for skew in skews[:4]]
    holder, of_product = writers[0], 0
    for _ in range(300):
        world.now += chance.choice([0.0, 0.01, 0.3, 2.0, 600.0])
        place = chance.randrange(len(writers))
        if chance.random() < 0.2:
            writers[place] = world.writer(skews[place])
        if chance.random() < 0.3:
            holder = writers[place]
            holder.raise_past_row(chance.randint(1, 5))
        world.stamp(writers[place])  # for other products
        stamp = world.stamp(holder).ms
        assert stamp > of_product
        of_product = stamp
    assert world.most_out_of_order() < OVERLAP_MS / 2
    assert world.row.ms <= world.ms(0) + LEAD + 1_000 + STEP * 300


def test_hundreds_of_invocations_a_second_do_not_drive_the_row_ahead_of_time() -> None:
    world = World()
    containers = [world.writer() for _ in range(40)]
    for number in range(20_000):  # 500 a second for 40 s
        world.now += 0.002
        container = containers[number % 40]
        container.raise_past_row()
        world.stamp(container)
    assert world.row.ms <= world.ms(0) + LEAD + 1_000
    assert world.most_out_of_order() < OVERLAP_MS / 2
    assert world.row.writes < 20_000 * 1.1


def test_an_exchange_that_takes_long_stamps_no_further_than_the_row() -> None:
    world = World()
    writer = world.writer()

    def slow() -> None:
        world.now += 30

    world.row.between = slow
    assert world.stamp(writer).ms <= world.row.ms


@pytest.mark.parametrize(
    ("own_ms", "taken"), [(7_500, 7_500), (0, 7_000), (9_000, 7_999), (HOUR, 7_999)]
)
def test_the_own_clock_is_held_to_the_store_s_second(own_ms: int, taken: int) -> None:
    assert within(7, own_ms) == taken
    assert within(None, own_ms) == own_ms
