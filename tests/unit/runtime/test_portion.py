"""The next request is as large as the last answer suggests; one item is always possible."""

from hypothesis import given
from hypothesis import strategies as st

from app.runtime.portion import PortionSize

MB = 1024 * 1024


def a_portion() -> PortionSize:
    return PortionSize(first=100, most=1000, target=8 * MB)


def test_full_pages_of_small_items_grow_to_the_maximum() -> None:
    portion, limits = a_portion(), []
    for _ in range(4):
        limits.append(portion.limit)
        portion.answered(portion.limit, portion.limit * 600)
    assert limits == [100, 400, 1000, 1000]


def test_a_large_answer_is_followed_by_one_of_the_target_size() -> None:
    portion = a_portion()
    portion.answered(100, 80 * MB)
    assert portion.limit == 10


def test_growth_stops_at_the_target_size() -> None:
    portion = a_portion()
    portion.answered(100, 4 * MB)
    assert portion.limit == 200


def test_failures_lead_to_one_item_and_success_leads_back() -> None:
    portion = a_portion()
    for _ in range(10):
        portion.failed()
    assert portion.limit == 1
    for _ in range(10):
        portion.answered(portion.limit, portion.limit * 600)
    assert portion.limit == 1000


def test_a_single_item_over_the_target_size_is_still_requested() -> None:
    portion = a_portion()
    portion.answered(1, 50 * MB)
    assert portion.limit == 1


def test_while_few_items_come_the_next_burst_is_requested_with_care() -> None:
    """After a long quiet time the next thousand records may be large ones."""
    portion = a_portion()
    portion.answered(100, 60_000)
    portion.answered(400, 240_000)
    for _ in range(9):
        portion.answered(0, 60)
    assert portion.limit == 100


def test_answers_of_unknown_size_count_as_small() -> None:
    portion = a_portion()
    portion.answered(100, 0)
    assert portion.limit == 400


answers = st.one_of(st.none(), st.tuples(st.integers(0, 1000), st.integers(0, 10**9)))


@given(st.lists(answers, max_size=30))
def test_the_number_stays_within_its_bounds(steps: list[tuple[int, int] | None]) -> None:
    portion = a_portion()
    for step in steps:
        if step is None:
            portion.failed()
        else:
            portion.answered(min(step[0], portion.limit), step[1])
        assert 1 <= portion.limit <= 1000
