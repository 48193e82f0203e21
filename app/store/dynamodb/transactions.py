"""A transaction is applied at most once, however many responses are lost."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, OutcomeUnknown, StoreUnavailable
from app.runtime.backoff import Backoff
from app.store.dynamodb.client import is_unanswered, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 2  # botocore may repeat each of them
_pause = Backoff(1.0, 1.0)  # enough for an embedded engine to restart


def commit(client: "DynamoDBClient", actions: Sequence[dict[str, Any]]) -> None:
    """Apply up to 100 actions of `TransactWriteItems`: all of them, or none.

    Within ten minutes, DynamoDB applies a repeat with the same token only once. So the call is
    sent again after botocore's own attempts have failed. The other engines forget the token if
    they stop; then only the actions' conditions prevent a second application.

    Raises:
        ConditionFailed: a condition does not hold, or another transaction holds one of the items.
        ItemTooLarge: an item exceeds 400 KB, or the transaction 4 MB.
        StoreRefused: an action is invalid.
        OutcomeUnknown: the actions may or may not have been applied.
        StoreUnavailable: they have not been applied.

    """
    token = uuid.uuid4().hex
    unanswered = False
    for tries in range(1, _TRIES + 1):
        try:
            with translated():
                client.transact_write_items(
                    ClientRequestToken=token,
                    TransactItems=list(actions),  # type: ignore[arg-type]
                )
        except ConditionFailed as error:
            raise ConditionFailed(may_be_applied=unanswered or is_unanswered(error)) from error
        except StoreUnavailable as error:
            unanswered = unanswered or is_unanswered(error)
            if tries < _TRIES:
                time.sleep(_pause(tries))
            elif unanswered:
                raise OutcomeUnknown from error
            else:
                raise
        else:
            return


@contextmanager
def settling(error: ConditionFailed) -> Iterator[None]:
    """Read what a write has left, to find out whether it was applied.

    Raises:
        OutcomeUnknown: the write may have been applied, and the read failed.

    """
    try:
        yield
    except StoreUnavailable as failed:
        if error.may_be_applied:
            raise OutcomeUnknown from failed
        raise


class Committer:
    """Applies transactions, and calls `on_commit` after each.

    `took`: seconds until the newest one was applied; None before the first.
    """

    def __init__(
        self, client: "DynamoDBClient", on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._on_commit = on_commit
        self.took: float | None = None

    def __call__(self, *actions: dict[str, Any]) -> None:
        """Apply these actions; raises as `commit` does."""
        began = time.monotonic()
        commit(self._client, actions)
        self.took = time.monotonic() - began
        self._on_commit()
