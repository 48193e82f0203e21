"""Writers whose clocks differ by an hour stamp within seconds of each other."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import StoreUnavailable
from app.store.feed.shared_clock import EXCHANGE, LEAD, STEP, SharedClock, within
from tests.unit.store.feed.clocks import HOUR, OVERLAP_MS, World


@pytest.mark.parametrize("store_skew", [0, None], ids=["store's time", "own clocks"])
def test_clocks_an_hour_apart_keep_order_within_the_overlap_and_the_row_near_the_time(
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
def test_restarted_and_idle_writers_keep_order_within_the_overlap(
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


def test_stamps_do_not_step_back_with_the_store_s_clock() -> None:
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


def test_stamps_rise_over_restarts_and_stay_near_the_time() -> None:
    world = World()
    for life in range(100):
        before = world.stamps[-1][1] if world.stamps else 0
        assert world.stamp(world.writer(skew=-life * 60_000)).ms > before
    assert world.row.ms <= world.ms(0) + LEAD + 1_000 + 100 * STEP


def test_without_a_clock_row_stamps_continue_after_the_newest_in_the_feed() -> None:
    world = World()
    newest = world.ms(HOUR)
    writer = SharedClock(world.row, newest, now_ms=lambda: world.ms(0), monotonic=lambda: world.now)
    assert world.stamp(writer).ms > newest
    assert world.stamp(world.writer()).ms > newest


def test_a_writer_s_stamps_rise_even_within_a_millisecond() -> None:
    world = World()
    writer = world.writer()
    stamps = [world.stamp(writer).ms for _ in range(5_000)]
    assert stamps == sorted(set(stamps))


def test_a_quiet_writer_rarely_writes_the_row() -> None:
    world = World()
    writer = world.writer()
    for _ in range(10):
        world.now += 0.09
        world.stamp(writer)
    assert world.row.writes == 1


def test_if_two_writers_exchange_at_once_one_reads_again() -> None:
    world = World()
    one, other = world.writer(), world.writer(HOUR)
    race = [lambda: world.stamp(other)]
    world.row.between = lambda: race.pop()() if race else None
    world.stamp(one)
    assert len(world.stamps) == 2
    assert world.most_out_of_order() < OVERLAP_MS / 2


def test_a_contended_row_raises_store_unavailable_and_can_be_retried() -> None:
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


def test_a_cold_writer_stamps_above_a_warm_writer_s_earlier_stamps() -> None:
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


def test_a_new_writer_raises_its_clock_past_the_row_and_the_feed() -> None:
    world = World()
    newest = world.ms(HOUR)
    writer = SharedClock(world.row, newest, now_ms=lambda: world.ms(0), monotonic=lambda: world.now)
    writer.raise_past_row()
    assert world.stamp(writer).ms > newest
    other = world.writer()
    other.raise_past_row()
    assert world.stamp(other).ms > newest


def test_a_clock_raised_after_an_idle_hour_stamps_the_current_time() -> None:
    world = World()
    writer = world.writer()
    world.stamp(writer)
    world.now += 3600
    writer.raise_past_row()
    assert 0 <= world.stamp(writer).ms - world.ms(0) <= LEAD


@given(st.integers(0, 10_000), st.lists(st.sampled_from([0, HOUR, -HOUR, 3_000]), min_size=2))
def test_a_product_s_stamps_rise_across_writers_with_different_clocks(
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


def test_hundreds_of_invocations_a_second_keep_the_row_near_the_time() -> None:
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


def test_after_a_slow_exchange_stamps_do_not_exceed_the_row() -> None:
    world = World()
    writer = world.writer()

    def slow() -> None:
        world.now += 30

    world.row.between = slow
    assert world.stamp(writer).ms <= world.row.ms


@pytest.mark.parametrize(
    ("own_ms", "taken"), [(7_500, 7_500), (0, 7_000), (9_000, 7_999), (HOUR, 7_999)]
)
def test_the_machine_s_clock_is_limited_to_the_store_s_second(own_ms: int, taken: int) -> None:
    assert within(7, own_ms) == taken
    assert within(None, own_ms) == own_ms
