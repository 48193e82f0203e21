"""The wait after a failure doubles up to a limit, with jitter."""

import pytest

from app.runtime.backoff import Backoff, steady


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 5.0, steady)
    assert [backoff(failures) for failures in range(1, 7)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_there_is_no_wait_without_a_failure() -> None:
    assert Backoff(0.5, 5.0)(0) == 0.0


@pytest.mark.parametrize("failures", [1_000, 10**9])
def test_limit_holds_after_any_number_of_failures(failures: int) -> None:
    assert Backoff(0.001, 3600.0, steady)(failures) == 3600.0


def test_first_wait_is_limited_to_the_longest() -> None:
    assert Backoff(9.0, 1.0, steady)(1) == 1.0


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.5), (3, 2.0), (100, 5.0)])
def test_default_jitter_subtracts_up_to_half(failures: int, longest: float) -> None:
    waits = {Backoff(0.5, 5.0)(failures) for _ in range(100)}
    assert all(longest / 2 <= wait <= longest for wait in waits)
    assert len(waits) > 1
