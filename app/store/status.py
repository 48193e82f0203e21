"""The status of workers and sinks comes from a few bounded reads of the tables.

Rows from other versions may lack or add attributes; what is understood is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core.events import RESERVED, ChangeEvent
from app.store.coordination.checkpoints import Checkpoint, checkpoint_of
from app.store.coordination.reconcile_requests import SHARD as COMPARISON
from app.store.coordination.reconcile_requests import State as Comparison
from app.store.coordination.reconcile_requests import state_of
from app.store.coordination.workers import WorkerRow, host_of, worker_of
from app.store.dead_letters.letter_summary import SHOWN, DeadLetterSummary, summary
from app.store.dynamodb.client import translated
from app.store.dynamodb.table_names import TableNames
from app.store.notifications.totals import RuleTotal
from app.store.sinks.sink_lag import SinkView

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = 200  # newest shards read
SCANNED = 500  # dead letters read; the newest of them are shown

# Returns the newest gaps, newest first, up to a limit.
Gaps = Callable[[int], Sequence[ChangeEvent]]

Sinks = Callable[[], Sequence[SinkView]]

# Returns whether a sample of the products has no stock.
CarryNoStock = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes that can no longer be read: of one product, or of a shard and so of any product."""

    about: str  # the partition key of its audit entry: a product's id, or a shard's
    name: str | None  # of the product
    event_id: str
    occurred_at: datetime
    why: str

    @property
    def shard_id(self) -> str | None:
        """The shard with the missing records; None for a product's gap."""
        return self.about.partition("#")[2] if self.about.startswith(RESERVED) else None

    @property
    def product_id(self) -> str | None:
        """The product with the missing records; None for a shard's gap."""
        return None if self.about.startswith(RESERVED) else self.about


@dataclass(frozen=True, slots=True)
class StoredStatus:
    """The status as one read of the tables returns it."""

    shards: Sequence[Checkpoint]
    workers: Sequence[WorkerRow]
    host: str | None
    sinks: Sequence[SinkView]
    dead_letters: DeadLetterSummary
    gaps: Sequence[Gap]
    no_stock: bool  # whether a sample of the products has no number as its stock
    comparison: Comparison  # of the table with the audit: the last one, and the one requested
    troubles: Mapping[str, str] = field(default_factory=dict)  # sentences, as `TroubleLog` has them
    notices: Sequence[RuleTotal] = ()  # what rules sent, and what waits


class StatusReader:
    """Reads the status of one consumer."""

    def __init__(
        self,
        client: "DynamoDBClient",
        names: TableNames,
        consumer: str,
        gaps: Gaps,
        sinks: Sinks,
        carry_no_stock: CarryNoStock,
        troubles: Callable[[], Mapping[str, str]],
        notices: Callable[[], Sequence[RuleTotal]],
    ) -> None:
        self._client = client
        self._names = names
        self._consumer = consumer
        self._gaps = gaps
        self._sinks = sinks
        self._carry_no_stock = carry_no_stock
        self._troubles = troubles
        self._notices = notices

    def read(self) -> StoredStatus:
        """Read the whole status.

        Raises:
            StoreUnavailable: the tables cannot be read now.

        """
        # Shards sort before `~`, newest first; workers, host and clock after it.
        shards, others = self._rows("<", SHARDS), self._rows(">=", SHARDS)
        return StoredStatus(
            shards=[shard for row in shards if (shard := checkpoint_of(row)) is not None],
            workers=[worker for row in others if (worker := worker_of(row)) is not None],
            host=next((kind for row in others if (kind := host_of(row)) is not None), None),
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
            no_stock=self._carry_no_stock(),
            comparison=state_of(
                next((row for row in others if row["Shard"]["S"] == COMPARISON), {})
            ),
            troubles=self._troubles(),
            notices=self._notices(),
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
