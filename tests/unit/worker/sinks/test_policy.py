"""A record is tried as often and as long as the settings say, as Lambda's mapping means them."""

import pytest

from worker.sinks.policy import Backoff, RetryPolicy


@pytest.mark.parametrize(
    ("policy", "tries", "age", "allowed"),
    [
        (RetryPolicy(0), 0, 0, True),
        (RetryPolicy(0), 1, 0, False),
        (RetryPolicy(2), 2, 0, True),
        (RetryPolicy(2), 3, 0, False),
        (RetryPolicy(-1), 1_000_000, 1e9, True),
        (RetryPolicy(-1, 60), 0, 60, True),
        (RetryPolicy(-1, 60), 0, 60.1, False),
        (RetryPolicy(2, 60), 3, 0, False),
    ],
)
def test_what_is_tried(policy: RetryPolicy, tries: int, age: float, allowed: bool) -> None:  # noqa: FBT001
    assert policy.allows(tries, age) is allowed


@pytest.mark.parametrize(("failures", "longest"), [(1, 1), (2, 2), (4, 8), (7, 60), (10**6, 60)])
def test_pauses_double_to_a_bound_and_are_jittered(failures: int, longest: float) -> None:
    pauses = {Backoff(1, 60)(failures) for _ in range(50)}
    assert all(longest / 2 <= seconds <= longest for seconds in pauses)
    assert len(pauses) > 1
