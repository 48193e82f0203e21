"""A write is applied exactly once, however many answers get lost on the way."""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.store.client import translated
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REPEATS = 2  # each of which botocore tries three times


class Committer:
    """Applies conditional writes, one transaction each, and tells `on_commit` of each."""

    def __init__(
        self, client: "DynamoDBClient", on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._on_commit = on_commit

    def __call__(self, *operations: dict[str, Any]) -> None:
        """Apply operations of `TransactWriteItems`: all of them, or none.

        The token makes a repeat within ten minutes answer as the first did (FACTS §2b), so
        it is sent again where botocore's own tries were not enough.

        Raises:
            ConditionFailed: a condition does not hold.
            StoreUnavailable: they may or may not have been applied.

        """
        token = uuid.uuid4().hex
        for repeats_left in reversed(range(_REPEATS)):
            try:
                with translated():
                    self._client.transact_write_items(
                        ClientRequestToken=token,
                        TransactItems=operations,  # type: ignore[arg-type]
                    )
            except StoreUnavailable:
                if not repeats_left:
                    raise
                time.sleep(random.uniform(0.5, 1))  # noqa: S311 - an engine restarts meanwhile
            else:
                self._on_commit()
                return


def commit(client: "DynamoDBClient", actions: Sequence[dict[str, Any]]) -> None:
    """Apply actions together; botocore's own repeats carry one token, so they apply once.

    Raises:
        ConditionFailed: a condition does not hold, or another transaction has a row.
        StoreUnavailable: they may or may not have been applied.

    """
    with translated():
        client.transact_write_items(
            ClientRequestToken=uuid.uuid4().hex,
            TransactItems=list(actions),  # type: ignore[arg-type]
        )
