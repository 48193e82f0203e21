"""What the tables hold about workers and sinks: a few bounded reads, for people and probes.

Rows that other versions write, or leave out, are shown as far as they go.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.events import RESERVED, ChangeEvent, event_id
from app.store.client import translated
from app.store.coordination.lag import SinkView
from app.store.dead_letters.letter import AUDIT
from app.store.tables import TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = 200  # newest shards read
SCANNED = 500  # dead letters read, of which the newest are shown
SHOWN = 50

# The newest gaps, newest first, up to a limit.
Gaps = Callable[[int], Sequence[ChangeEvent]]

Sinks = Callable[[], Sequence[SinkView]]


@dataclass(frozen=True, slots=True)
class SavedShard:
    """A shard's row: how far its effects are durable, and whose it is."""

    stream_arn: str
    shard_id: str
    sequence_number: str | None
    finished: bool
    owner: str | None
    take: int | None
    since: str | None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker's row: its heartbeat, and what it tells about its shards."""

    owner: str
    counter: int
    kind: str
    broker: str | None
    since: str | None
    shards: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter, without the record."""

    sink: str
    product_id: str
    key: str
    error: str
    seen_at: str
    attempts: int | None
    due: bool  # a redrive was asked for

    @property
    def event_id(self) -> str | None:
        """The id of the event that it refers to; None for the audit's, which could make none."""
        return None if self.sink == AUDIT else event_id(self.product_id, self.key)


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """The newest of those that were read; `more`: there are others."""

    newest: Sequence[DeadLetter]
    by_sink: Mapping[str, int]
    more: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes of a product, or of a shard and so of any product, that nobody can read any more."""

    about: str  # the id under which its entry lies: the product's, or a shard's
    name: str | None  # the product's
    event_id: str
    occurred_at: datetime
    why: str

    @property
    def shard_id(self) -> str | None:
        """The shard that it is about; None for a product's."""
        return self.about.partition("#")[2] if self.about.startswith(RESERVED) else None

    @property
    def product_id(self) -> str | None:
        """The product that it is about; None for a shard's."""
        return None if self.about.startswith(RESERVED) else self.about


@dataclass(frozen=True, slots=True)
class StoredStatus:
    """Everything that one read of the tables gives."""

    shards: Sequence[SavedShard]
    workers: Sequence[WorkerRow]
    host: str | None
    sinks: Sequence[SinkView]
    dead_letters: DeadLetterSummary
    gaps: Sequence[Gap]


class StatusReader:
    """Reads the status of one consumer."""

    def __init__(
        self,
        client: "DynamoDBClient",
        names: TableNames,
        consumer: str,
        gaps: Gaps,
        sinks: Sinks,
    ) -> None:
        self._client = client
        self._names = names
        self._consumer = consumer
        self._gaps = gaps
        self._sinks = sinks

    def read(self) -> StoredStatus:
        """Read it all.

        Raises:
            StoreUnavailable: the tables cannot be read now.

        """
        # Shards before `~`, newest first; workers, host and clock from there on.
        shards = [shard_of(row) for row in self._rows("<", SHARDS) if _is_shard(row)]
        others = self._rows(">=", SHARDS)
        return StoredStatus(
            shards=shards,
            workers=[worker_of(row) for row in others if _key(row).startswith("~worker ")],
            host=next((_text(row, "Kind") for row in others if _key(row) == "~host"), None),
            sinks=self._sinks(),
            dead_letters=self._dead_letters(),
            gaps=[
                Gap(
                    event.product_id,
                    event.product_name,
                    event.id,
                    event.occurred_at,
                    event.note or "",
                )
                for event in self._gaps(SHOWN)
            ],
        )

    def _rows(self, side: str, limit: int) -> list[Any]:
        with translated():
            answer = self._client.query(
                TableName=self._names.checkpoints,
                KeyConditionExpression=f"Consumer = :consumer AND #shard {side} :edge",
                ExpressionAttributeNames={"#shard": "Shard"},
                ExpressionAttributeValues={":consumer": {"S": self._consumer}, ":edge": {"S": "~"}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return list(answer["Items"])

    def _dead_letters(self) -> DeadLetterSummary:
        with translated():
            answer = self._client.scan(
                TableName=self._names.dead_letters,
                ProjectionExpression="ProductID, SinkKey, #e, LastSeenAt, Attempts, Due",
                ExpressionAttributeNames={"#e": "Error"},
                Limit=SCANNED,
            )
        return summary(answer["Items"], more="LastEvaluatedKey" in answer)


def shard_of(row: Mapping[str, Any]) -> SavedShard:
    """A shard's row of `StreamCheckpoints`, with or without a lease."""
    stream_arn, _, shard_id = _key(row).partition(" ")
    return SavedShard(
        stream_arn,
        shard_id,
        _text(row, "SequenceNumber"),
        bool(row.get("Finished", {}).get("BOOL")),
        _text(row, "Owner"),
        _number(row, "Counter"),
        _text(row, "Since"),
    )


def worker_of(row: Mapping[str, Any]) -> WorkerRow:
    """A `~worker` row; a status that is not understood shows no shards."""
    try:
        told = json.loads(_text(row, "Status") or "[]")
    except ValueError:
        told = []
    shards = told.get("shards", []) if isinstance(told, dict) else told
    return WorkerRow(
        owner=_key(row).partition(" ")[2],
        counter=_number(row, "Counter") or 0,
        kind=_text(row, "Kind") or "worker",
        broker=_text(row, "Broker"),
        since=_text(row, "Since"),
        shards=[shard for shard in shards if isinstance(shard, dict)]
        if isinstance(shards, list)
        else [],
    )


def summary(rows: Sequence[Mapping[str, Any]], *, more: bool) -> DeadLetterSummary:
    """The newest of these rows of `DeadLetters`."""
    letters = []
    for row in rows:
        sink, _, key = (_text(row, "SinkKey") or "").partition("#")
        letters.append(
            DeadLetter(
                sink=sink,
                product_id=_text(row, "ProductID") or "",
                key=key,
                error=_text(row, "Error") or "",
                seen_at=_text(row, "LastSeenAt") or "",
                attempts=_number(row, "Attempts"),
                due="Due" in row,
            )
        )
    letters.sort(key=lambda letter: letter.seen_at, reverse=True)
    return DeadLetterSummary(
        letters[:SHOWN], dict(Counter(letter.sink for letter in letters)), more
    )


def _is_shard(row: Mapping[str, Any]) -> bool:
    return " " in _key(row)


def _key(row: Mapping[str, Any]) -> str:
    return str(row["Shard"]["S"])


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name, {})
    found = value.get("S", value.get("N"))
    return None if found is None else str(found)


def _number(row: Mapping[str, Any], name: str) -> int | None:
    found = row.get(name, {}).get("N")
    return None if found is None else int(found)
