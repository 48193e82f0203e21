"""A product that is out matters if it was sold lately: its newest audit entries say when."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core.events import ChangeEvent
from app.core.keys import row_id
from app.core.numbers import number_of
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENTRIES = 100  # read for one product; an older sale is not found

_FIELDS = ("Delta", "Reason", "Actor", "OccurredAt")


def is_sale(event: ChangeEvent) -> bool:
    """Whether the event is a sale; other programs give no reason for what they take."""
    return _is_sale(event.delta, event.reason, event.actor)


def last_sale(client: "DynamoDBClient", audit: str, product_id: str) -> int | None:
    """When the product was last sold, in ms since 1970; None if its newest entries have no sale.

    Raises:
        StoreUnavailable: the audit cannot be read now.

    """
    with translated():
        entries = client.query(
            TableName=audit,
            KeyConditionExpression="ProductID = :product",
            ExpressionAttributeValues={":product": {"S": row_id(product_id)}},
            ProjectionExpression=", ".join(f"#{name}" for name in _FIELDS),
            ExpressionAttributeNames={f"#{name}": name for name in _FIELDS},
            ScanIndexForward=False,
            Limit=ENTRIES,
        )["Items"]
    return next(filter(None, map(_sold_at, entries)), None)


def _sold_at(entry: Mapping[str, Any]) -> int | None:
    delta = entry.get("Delta", {})
    reason, actor = (entry.get(name, {}).get("S") for name in ("Reason", "Actor"))
    if not _is_sale(number_of(delta.get("N") or delta.get("S")), reason, actor):
        return None
    try:
        return int(datetime.fromisoformat(entry["OccurredAt"]["S"]).timestamp() * 1000)
    except (KeyError, ValueError):  # another program's row
        return None


def _is_sale(delta: Decimal | None, reason: str | None, actor: str | None) -> bool:
    return delta is not None and delta < 0 and (reason == "sold" or (reason or actor) is None)
