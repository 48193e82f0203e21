"""A failed transaction says whether an attempt may have been applied although it got no answer."""

import json
import time
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from app.core.errors import ConditionFailed, OutcomeUnknown, StoreUnavailable
from app.store.dynamodb.client import connect
from app.store.dynamodb.transactions import commit

PUT = {"Put": {"TableName": "Products", "Item": {"ProductID": {"S": "P1"}}}}
SILENT, CLOSED = ReadTimeoutError, ConnectionClosedError
REFUSED, UNREACHED = EndpointConnectionError, ConnectTimeoutError
FAILED = {
    "__type": "TransactionCanceledException",
    "CancellationReasons": [{"Code": "ConditionalCheckFailed"}],
}
THROTTLED = {"__type": "ThrottlingException"}


class Body:
    """A response's body with urllib3's interface."""

    def __init__(self, document: Any) -> None:
        self._text = json.dumps(document).encode()

    def stream(self, **_: Any) -> list[bytes]:
        return [self._text]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return connect("https://127.0.0.1:9").tables


def outcome(client: Any, *attempts: Any) -> Exception | None:
    """What `commit` raises if its attempts end like this; each is an answer or an error."""
    left = list(attempts)

    def answer(request: Any, **_: Any) -> AWSResponse:
        end = left.pop(0)
        if isinstance(end, type):
            raise end(endpoint_url="http://fake", error="none")
        return AWSResponse(request.url, 400 if end else 200, {}, Body(end))

    client.meta.events.register("before-send", answer)
    try:
        commit(client, [PUT])
    except (ConditionFailed, StoreUnavailable) as error:
        return error
    finally:
        assert not left
    return None


@pytest.mark.parametrize(
    ("attempts", "doubtful"),
    [
        ([FAILED], False),
        ([THROTTLED, FAILED], False),
        ([REFUSED, UNREACHED, FAILED], False),
        ([SILENT, FAILED], True),
        ([CLOSED, REFUSED, FAILED], True),
        ([SILENT, REFUSED, REFUSED, REFUSED, FAILED], True),
    ],
)
def test_failed_condition_after_an_unanswered_attempt_is_in_doubt(
    client: Any, attempts: list[Any], *, doubtful: bool
) -> None:
    error = outcome(client, *attempts)
    assert isinstance(error, ConditionFailed)
    assert error.may_be_applied is doubtful


@pytest.mark.parametrize(
    ("attempts", "kind"),
    [
        ([REFUSED] * 6, StoreUnavailable),
        ([UNREACHED] * 6, StoreUnavailable),
        ([THROTTLED] * 6, StoreUnavailable),
        ([SILENT] * 6, OutcomeUnknown),
        ([SILENT, *[REFUSED] * 5], OutcomeUnknown),
        ([SILENT, *[THROTTLED] * 5], OutcomeUnknown),
    ],
)
def test_outcome_is_unknown_only_if_an_attempt_was_sent_and_not_answered(
    client: Any, attempts: list[Any], kind: type[Exception]
) -> None:
    assert type(outcome(client, *attempts)) is kind


def test_repeat_that_is_answered_is_a_success(client: Any) -> None:
    assert outcome(client, SILENT, REFUSED, {}) is None
