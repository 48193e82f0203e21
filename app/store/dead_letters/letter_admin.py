"""Administrators read dead letters, request redrives and delete them; only workers deliver them.

Every action is recorded in the admin trail, in the same transaction.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.access.admin_log import AdminLog
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.dynamodb.transactions import commit
from app.store.idempotency import Once
from app.store.sinks.sink_control import SinkControl

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5


class DeadLetterAdmin(DeadLetters):
    """Admin actions on dead letters; `on_due` is called after each redrive request."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        log: AdminLog,
        sinks: SinkControl,
        on_due: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(client, table)
        self._log = log
        self._sinks = sinks
        self._on_due = on_due

    def redrive(self, letter_id: str, actor: str, once: Once[Letter] | None = None) -> Letter:
        """Request that a worker delivers the letter again, and return the letter.

        Raises:
            LetterNotFound: it does not exist.
            Replayed: the request has already been applied.

        """
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            letter = self.get(letter_id)
            extra = [] if once is None else once.actions(letter)
            mark = {
                "Update": {
                    "TableName": self._table,
                    "Key": letter.key,
                    "UpdateExpression": "SET Due = :yes",
                    "ConditionExpression": "attribute_exists(SinkKey)",
                    "ExpressionAttributeValues": {":yes": {"BOOL": True}},
                }
            }
            trail = self._log.entry(actor, "dead-letter.redriven", after=_shown(letter))
            try:
                commit(
                    self._client, [mark, self._sinks.redrive_request(letter.sink), trail, *extra]
                )
            except ConditionFailed:  # it was delivered, or another transaction conflicts
                continue
            self._on_due()
            return letter
        raise _busy()

    def delete(self, letter_id: str, actor: str) -> Letter:
        """Delete a letter, and return it.

        Raises:
            LetterNotFound: it does not exist.

        """
        for _ in range(_TRIES):
            letter = self.get(letter_id)
            removal = {
                "Delete": {
                    "TableName": self._table,
                    "Key": letter.key,
                    "ConditionExpression": "attribute_exists(SinkKey)",
                }
            }
            trail = self._log.entry(actor, "dead-letter.deleted", before=_shown(letter))
            try:
                commit(self._client, [removal, trail])
            except ConditionFailed:
                continue
            return letter
        raise _busy()


def _shown(letter: Letter) -> dict[str, Any]:
    """A letter as the admin trail stores it."""
    return {
        "id": letter.id,
        "sink": letter.sink,
        "product_id": letter.product_id,
        "event_key": letter.event_key,
        "error": letter.error,
        "attempts": letter.attempts,
        "first_seen_at": letter.first_seen,
    }


def _busy() -> StoreUnavailable:
    return StoreUnavailable("Other transactions kept changing the dead letter. Try again.")
