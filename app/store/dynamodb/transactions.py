"""A transaction is applied exactly once, however many answers get lost on the way."""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 2  # each of which botocore may repeat itself
_pause = Backoff(1.0, 1.0)  # an engine restarts meanwhile


def commit(client: "DynamoDBClient", actions: Sequence[dict[str, Any]]) -> None:
    """Apply up to 100 actions of `TransactWriteItems`: all of them, or none.

    DynamoDB answers a repeat that carries the same token within ten minutes as it answered the
    first, so the call is sent again where botocore's own tries were not enough.

    Raises:
        ConditionFailed: a condition does not hold, or another transaction holds one of the items.
        ItemTooLarge: an item exceeds 400 KB, or the transaction 4 MB.
        StoreRefused: an action is invalid.
        StoreUnavailable: they may or may not have been applied.

    """
    token = uuid.uuid4().hex
    for tries in range(1, _TRIES + 1):
        try:
            with translated(write=True):
                client.transact_write_items(
                    ClientRequestToken=token,
                    TransactItems=list(actions),  # type: ignore[arg-type]
                )
        except StoreUnavailable:
            if tries == _TRIES:
                raise
            time.sleep(_pause(tries))
        else:
            return


class Committer:
    """Applies transactions, and calls `on_commit` after each."""

    def __init__(
        self, client: "DynamoDBClient", on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._on_commit = on_commit

    def __call__(self, *actions: dict[str, Any]) -> None:
        """Apply these actions; raises as `commit` does."""
        commit(self._client, actions)
        self._on_commit()
