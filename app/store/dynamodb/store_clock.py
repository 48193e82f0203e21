"""Stamps carry the store's own time, so that a wrong clock on this host blames nobody wrongly.

Every response of DynamoDB has a `Date` header, in whole seconds. The host's clock is used as long
as it agrees with that to within two seconds, because it is finer.
"""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_AGREES = 2.0  # seconds
_EVERY = 1.0  # seconds between readings of the header


class StoreClock:
    """The time at the store, learnt from the responses to a client's calls."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._offset = 0.0
        self._read = -_EVERY
        client.meta.events.register("after-call.dynamodb", self._learn)

    def now(self) -> datetime:
        """The time at the store; the host's as long as nothing was answered."""
        return datetime.now(UTC) + timedelta(seconds=self._offset)

    def _learn(self, http_response: Any, **_: Any) -> None:
        moment = time.monotonic()
        if moment - self._read < _EVERY:
            return
        self._read = moment
        try:
            date = parsedate_to_datetime(http_response.headers["Date"])
        except (KeyError, TypeError, ValueError):  # an engine or a proxy without a usable header
            return
        offset = (date - datetime.now(UTC)).total_seconds()
        self._offset = 0.0 if abs(offset) <= _AGREES else offset
