"""With a real event source mapping, every change is audited once despite failures."""

import pytest

from tests.integration.event_source.kit import Deployment

pytestmark = pytest.mark.embedded  # it starts its own engine

POISON = "poison"  # its records lose a part on their way (tests/support/processes)


def test_a_write_is_audited_and_published(function: Deployment) -> None:
    for stock in (3, 2, 1):
        function.put("w-1", stock)
    audited = function.wait(lambda: _all_audited(function, "w-", 3))
    assert [event.stock_after for event in audited] == [3, 2, 1]
    assert [event.delta for event in audited] == [3, -1, -1]
    function.wait(lambda: {event.id for event in audited} <= set(function.published()))


def test_a_poison_record_is_parked_and_the_rest_continues(function: Deployment) -> None:
    function.put("p-1", 1)
    function.put(POISON, 1)
    function.put("p-2", 1)
    function.wait(lambda: _all_audited(function, "p-", 2))
    (letter,) = function.wait(function.dead_letters)
    assert "ApproximateCreationDateTime" in letter["Error"]["S"]
    function.put("p-3", 1)
    function.wait(lambda: _all_audited(function, "p-", 3))
    numbers = [number for batch in function.journal("invocation") for number in batch]
    assert len(numbers) == len(set(numbers)), "a record was delivered twice"
    assert all(answer == {"batchItemFailures": []} for answer in function.journal("answer"))


def test_a_throttled_audit_ends_each_invocation_in_time_and_loses_nothing(
    function: Deployment,
) -> None:
    function.proxy.throttled = True
    try:
        for number in range(5):
            function.put(f"t-{number}", number)
        failed = function.wait(lambda: [a for a in function.journal("answer") if _failed_number(a)])
    finally:
        function.proxy.throttled = False
    numbers = {number for batch in function.journal("invocation") for number in batch}
    assert {_failed_number(answer) for answer in failed} <= numbers
    assert function.proxy.refused > 1
    function.wait(lambda: _all_audited(function, "t-", 5))
    function.wait(lambda: _published_all(function, "t-"))


def test_a_crash_in_the_middle_of_a_batch_loses_and_duplicates_nothing(
    function: Deployment,
) -> None:
    function.crash_at("between audit and broker")
    with function.held():
        for number in range(60):  # three batches of the pipeline
            function.put(f"c-{number % 7}", number)
    audited = function.wait(lambda: _all_audited(function, "c-", 60))
    assert function.crashed
    assert sorted(event.stock_after or 0 for event in audited) == list(range(60))
    function.wait(lambda: _published_all(function, "c-"))


def _all_audited(function: Deployment, prefix: str, count: int) -> object:
    """The audited events of a prefix once there are `count`; fails if there are more."""
    audited = function.audited(prefix)
    assert len(audited) <= count
    return audited if len(audited) == count else None


def _published_all(function: Deployment, prefix: str) -> bool:
    return {event.id for event in function.audited(prefix)} <= set(function.published())


def _failed_number(answer: dict[str, list[dict[str, str]]]) -> str | None:
    failures = answer["batchItemFailures"]
    return failures[0]["itemIdentifier"] if failures else None
