"""Reads are strongly consistent: a row that this process has just written is never missing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Rows in a page. Without a limit, dynoxide reads the whole rest of the table for each page: at
# 200,000 audit entries, more than a second in which it answers nobody.
PAGE = 1_000


def answer_bytes(answer: Any) -> int:
    """The size of an answer's body; 0 if it is not stated."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return int(headers.get("content-length", 0))


def get_one(client: "DynamoDBClient", table: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """The item with a key; None if there is none.

    Raises:
        StoreUnavailable: the item cannot be read now.

    """
    with translated():
        answer: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    item: dict[str, Any] | None = answer.get("Item")
    return item


def get_rows(
    client: "DynamoDBClient", operation: Literal["query", "scan"], table: str, **request: Any
) -> Iterator[Any]:
    """Every row of a query or a scan; pages are read on demand.

    Raises:
        StoreUnavailable: a page cannot be read now.

    """
    read: Any = client.query if operation == "query" else client.scan
    while True:
        with translated():
            answer = read(TableName=table, ConsistentRead=True, Limit=PAGE, **request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def newest_first(
    client: "DynamoDBClient",
    table: str,
    partition: tuple[str, str],
    sort_key: str,
    limit: int,
    before: str | None = None,
) -> tuple[list[Any], str | None]:
    """Up to `limit` rows of a partition with sort keys below `before`, greatest first.

    `partition` is the partition key's name and value. Also returns the sort key to continue below;
    None at the end.
    """
    name, value = partition
    key = {name: {"S": value}}
    start: Any = {} if before is None else {"ExclusiveStartKey": key | {sort_key: {"S": before}}}
    with translated():
        answer = client.query(
            TableName=table,
            KeyConditionExpression=f"{name} = :partition",
            ExpressionAttributeValues={":partition": {"S": value}},
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
    last: Any = answer.get("LastEvaluatedKey")
    return answer["Items"], last[sort_key]["S"] if last else None
