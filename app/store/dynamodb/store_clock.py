"""Stamps carry the store's own time, so that a wrong clock on this host blames nobody wrongly.

Every response of DynamoDB has a `Date` header, in whole seconds. The host's clock is used as far as
that second allows, because it is finer.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SECOND = timedelta(seconds=1)


class StoreClock:
    """The time at the store, learnt from the responses to a client's calls, once a second.

    The header is read again as soon as the host's clock is set. `host` returns the host's time.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        host: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._host = host
        self._offset = timedelta(0)
        self._read = datetime.min.replace(tzinfo=UTC)
        client.meta.events.register("after-call.dynamodb", self._learn)

    def now(self) -> datetime:
        """The time at the store; the host's as long as nothing was answered."""
        return self._host() + self._offset

    def _learn(self, http_response: Any, **_: Any) -> None:
        host = self._host()
        if timedelta(0) <= host - self._read < _SECOND:
            return
        self._read = host
        try:
            date = parsedate_to_datetime(http_response.headers["Date"])
            self._offset = min(max(host, date), date + _SECOND) - host
        except (KeyError, TypeError, ValueError):  # an engine or a proxy without a usable header
            return
