"""People read dead letters, mark them due and delete them; only a worker ever delivers one.

Marking a letter due marks its lane: what lies before it in the lane goes first. A deletion
leaves its trace, and makes the lane due, so that the rest follows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.store.admin_log import AdminLog
from app.store.client import translated
from app.store.dead_letters import commit
from app.store.errors import ConditionFailed, LetterNotFound, StoreUnavailable
from app.store.letter_pages import LetterPages, fits
from app.store.letters import (
    AUDIT,
    Letter,
    edges,
    key_of,
    lane_key,
    letter_of,
    split_letter_id,
)
from app.store.receipts import Once

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COUNTED = 1_000  # letters behind one that are counted at most
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a deletion gives up for good, and how many letters (up to 1,000) it let go on."""

    letter: Letter
    behind: int


class LetterDesk(LetterPages):
    """The table of dead letters, as people see it; `on_due` is told of each mark."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        log: AdminLog,
        on_due: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(client, table)
        self._log = log
        self._on_due = on_due

    def get(self, letter_id: str) -> Letter:
        """One letter.

        Raises:
            LetterNotFound: there is none.

        """
        key = split_letter_id(letter_id)
        if key is None or not fits(*key):
            raise LetterNotFound("This is not a dead letter's id.")
        return letter_of(self._row(key_of(*key)))

    def redrive(self, letter_id: str, actor: str, once: Once[Letter] | None = None) -> Letter:
        """Mark a letter's lane (of the audit: the letter) due, and say which letter it was.

        Raises:
            LetterNotFound: there is none.
            Replayed: `once` knows the request.

        """
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            letter = self.get(letter_id)
            kept = [] if once is None else once.kept(letter)
            try:
                commit(self._client, [*self._mark(letter, actor), *kept])
            except ConditionFailed:  # it was delivered, or its lane moved: look again
                continue
            self._on_due()
            return letter
        raise _being_drained()

    def _mark(self, letter: Letter, actor: str) -> list[dict[str, Any]]:
        """The actions that let the worker try at its next look, and that log it."""
        update: dict[str, Any] = {
            "UpdateExpression": "SET Due = :yes",
            "ConditionExpression": "attribute_exists(SinkKey)",
            "ExpressionAttributeValues": {":yes": {"BOOL": True}},
        }
        if letter.sink != AUDIT:  # a lane that is missing is made again, so that its letters move
            update = {
                "UpdateExpression": "SET Due = :yes, Tail = if_not_exists(Tail, :tail)"
                " ADD Parks :one",
                "ExpressionAttributeValues": {
                    ":yes": {"BOOL": True},
                    ":tail": {"S": letter.event_key},
                    ":one": {"N": "1"},
                },
            }
        key = letter.key if letter.sink == AUDIT else self._lane_key(letter)
        mark = {"Update": {"TableName": self._table, "Key": key, **update}}
        return [mark, self._log.entry(actor, "dead-letter.redriven", after=_of(letter))]

    def delete(self, letter_id: str, actor: str) -> Skipped:
        """Give a letter up for good, with a row in the log of what administrators did.

        Raises:
            LetterNotFound: there is none.

        """
        for _ in range(_TRIES):
            letter = self.get(letter_id)
            skipped = Skipped(letter, 0 if letter.sink == AUDIT else self._behind(letter))
            try:
                commit(self._client, self._deletion(skipped, actor))
            except ConditionFailed:  # it was delivered, or its lane moved: look again
                continue
            self._on_due()
            return skipped
        raise _being_drained()

    def _deletion(self, skipped: Skipped, actor: str) -> list[dict[str, Any]]:
        letter = skipped.letter
        actions = [
            {
                "Delete": {
                    "TableName": self._table,
                    "Key": letter.key,
                    "ConditionExpression": "attribute_exists(SinkKey)",
                }
            },
            self._log.entry(
                actor,
                "dead-letter.deleted",
                before=_of(letter),
            ),
        ]
        lane = None if letter.sink == AUDIT else self._find(self._lane_key(letter))
        if lane is not None:
            actions.append(
                {
                    "Update": {
                        "TableName": self._table,
                        "Key": self._lane_key(letter),
                        "UpdateExpression": "SET Due = :yes",
                        "ConditionExpression": "attribute_exists(Tail)",
                        "ExpressionAttributeValues": {":yes": {"BOOL": True}},
                    }
                }
            )
        return actions

    def _behind(self, letter: Letter) -> int:
        _, high = edges(letter.sink)
        with translated():
            return int(
                self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="ProductID = :p AND SinkKey BETWEEN :low AND :high",
                    ExpressionAttributeValues={
                        ":p": {"S": letter.product_id},
                        ":low": {"S": letter.sink_key + "\0"},
                        ":high": {"S": high},
                    },
                    ConsistentRead=True,
                    Select="COUNT",
                    Limit=COUNTED,
                )["Count"]
            )

    def _row(self, key: dict[str, Any]) -> Any:
        row = self._find(key)
        if row is None:
            raise _gone()
        return row

    def _find(self, key: dict[str, Any]) -> Any:
        with translated():
            return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get(
                "Item"
            )

    def _lane_key(self, letter: Letter) -> dict[str, Any]:
        return key_of(letter.product_id, lane_key(letter.sink))


def _of(letter: Letter) -> dict[str, Any]:
    """What the administrators' log says of a letter."""
    return {
        "id": letter.id,
        "sink": letter.sink,
        "product_id": letter.product_id,
        "event_key": letter.event_key,
        "error": letter.error,
        "attempts": letter.attempts,
        "first_seen_at": letter.first_seen,
    }


def _being_drained() -> StoreUnavailable:
    return StoreUnavailable("The letter's lane is being drained just now.")


def _gone() -> LetterNotFound:
    return LetterNotFound(
        "There is no such dead letter, or it was delivered meanwhile. GET /v1/dead-letters "
        "lists them."
    )
