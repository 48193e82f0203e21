"""A start waits for a store that is slow, and gives up one that is not there."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from app.bootstrap.patience import SILENT, STALLED, Patience

SLOW = {"caught_exception": ReadTimeoutError(endpoint_url="http://store")}
REFUSED = {"caught_exception": EndpointConnectionError(endpoint_url="http://store")}


def answer(status: int, code: str = "") -> dict[str, Any]:
    return {"response": (SimpleNamespace(status_code=status), {"Error": {"Code": code}})}


class Start:
    """A start's calls, and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self._handlers: dict[str, Any] = {}
        events = SimpleNamespace(
            register=self._handlers.__setitem__, register_last=self._handlers.__setitem__
        )
        client: Any = SimpleNamespace(meta=SimpleNamespace(events=events))
        Patience(client, lambda: self.now)

    def answered(self) -> None:
        """A call succeeds."""
        self._handlers["after-call.dynamodb"](http_response=None, parsed={})

    def waits(self, *, after: float = 0.0, **result: Any) -> bool:
        """Whether a call with this result is tried again."""
        self.now += after
        operation = SimpleNamespace(name="CreateTable")
        decide = self._handlers["needs-retry.dynamodb"]
        return decide(operation=operation, attempts=3, **result) is not None


def test_slow_store_is_waited_for_while_it_makes_progress() -> None:
    start = Start()
    for _ in range(20):
        start.answered()
        assert start.waits(after=STALLED - 1, **SLOW)
    start.answered()
    assert start.waits(after=STALLED - 1, **SLOW)
    assert not start.waits(after=2, **SLOW)


def test_store_that_never_answers_is_given_up_sooner() -> None:
    start = Start()
    assert start.waits(after=SILENT - 1, **SLOW)
    assert not start.waits(after=2, **SLOW)


def test_refused_connection_ends_a_start_unless_the_store_has_answered() -> None:
    start = Start()
    assert not start.waits(**REFUSED)
    start.answered()
    assert start.waits(**REFUSED)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (answer(200), False),
        (answer(500, "InternalServerError"), True),
        (answer(400, "ThrottlingException"), True),
        (answer(400, "ValidationException"), False),
        (answer(400, "ResourceNotFoundException"), False),
        ({"caught_exception": NoCredentialsError()}, False),
    ],
)
def test_only_what_time_can_mend_is_tried_again(result: dict[str, Any], *, expected: bool) -> None:
    assert Start().waits(**result) == expected


def test_wait_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Start().waits(after=15, **SLOW)
    assert "has not carried out CreateTable for 15 s (ReadTimeoutError)" in caplog.text
