"""A transaction is applied at most once, however many responses are lost."""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.store.dynamodb.client import NO_ANSWER, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 2  # botocore may repeat each of them
_pause = Backoff(1.0, 1.0)  # enough for an embedded engine to restart


def commit(client: "DynamoDBClient", actions: Sequence[dict[str, Any]]) -> None:
    """Apply up to 100 actions of `TransactWriteItems`: all of them, or none.

    Within ten minutes, DynamoDB applies a repeat with the same token only once. So the call is
    sent again after botocore's own attempts have failed.

    Raises:
        ConditionFailed: a condition does not hold, or another transaction holds one of the items.
        ItemTooLarge: an item exceeds 400 KB, or the transaction 4 MB.
        StoreRefused: an action is invalid.
        StoreUnavailable: the actions may or may not have been applied.

    """
    token = uuid.uuid4().hex
    for tries in range(1, _TRIES + 1):
        try:
            with translated():
                client.transact_write_items(
                    ClientRequestToken=token,
                    TransactItems=list(actions),  # type: ignore[arg-type]
                )
        except StoreUnavailable as error:
            if tries == _TRIES and isinstance(error.__cause__, NO_ANSWER):
                raise StoreUnavailable(
                    "DynamoDB did not answer. The change may or may not have been saved: check "
                    "before you repeat it."
                ) from error
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
