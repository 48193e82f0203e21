"""Tables are made when they are missing and never altered; a mismatch is named with its remedy.

A stream is switched on only by `stockpulse init --enable-stream`: it changes a table
that other programs own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.core.errors import StoreUnavailable
from app.core.item import AttributeNames
from app.store.dynamodb.client import error_code, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WAIT: Any = {"Delay": 1, "MaxAttempts": 120}  # seconds, tries: AWS needs well under 2 minutes


class TableError(Exception):
    """A table cannot be used as it is; the message says what to change."""


@dataclass(frozen=True, slots=True)
class TableNames:
    """Every table that a deployment uses."""

    products: str
    audit: str
    feed: str
    checkpoints: str
    dead_letters: str
    idempotency: str
    settings: str


@dataclass(frozen=True, slots=True)
class StreamOfTable:
    """Where the products table's changes are read, and which images its records carry."""

    arn: str
    view_type: str


def table_names(prefix: str, products: str | None) -> TableNames:
    """Names with the prefix; `products` is taken as it is where it is given."""
    return TableNames(
        products=products or f"{prefix}Products",
        audit=f"{prefix}ProductEvents",
        feed=f"{prefix}Feed",
        checkpoints=f"{prefix}StreamCheckpoints",
        dead_letters=f"{prefix}DeadLetters",
        idempotency=f"{prefix}IdempotencyKeys",
        settings=f"{prefix}Settings",
    )


def ensure_tables(client: "DynamoDBClient", names: TableNames, product: AttributeNames) -> None:
    """Make what is missing, wait until all are ACTIVE, and check every key.

    Raises:
        TableError: a table of that name has another key.
        StoreUnavailable: DynamoDB cannot be reached.

    """
    _check_service(client)
    _ensure(client, names.products, [product.key], streamed=True)
    for name, keys in (
        (names.audit, ["ProductID", "EventKey"]),
        (names.feed, ["Day", "Cursor"]),
        (names.checkpoints, ["Consumer", "Shard"]),
        (names.dead_letters, ["ProductID", "SinkKey"]),
        (names.idempotency, ["RequestKey"]),
        (names.settings, ["Kind", "ID"]),
    ):
        _ensure(client, name, keys)
    for name in (names.audit, names.feed, names.idempotency, names.settings):
        _ensure_expiry(client, name)


def stream_of(client: "DynamoDBClient", table: str) -> StreamOfTable:
    """The table's stream.

    Raises:
        TableError: the stream is off.

    """
    with translated():
        description = client.describe_table(TableName=table)["Table"]
    specification = description.get("StreamSpecification", {})
    arn = description.get("LatestStreamArn")
    if not specification.get("StreamEnabled") or arn is None:
        raise TableError(
            f"Table {table} has no stream, so its changes cannot be seen. Switch it on with "
            "`stockpulse init --enable-stream`."
        )
    return StreamOfTable(arn, str(specification["StreamViewType"]))


def enable_stream(client: "DynamoDBClient", table: str) -> None:
    """Switch the table's stream on with both images; nothing where it is on already."""
    try:
        stream_of(client, table)
    except TableError:
        with translated():
            client.update_table(TableName=table, StreamSpecification=_STREAM)
            client.get_waiter("table_exists").wait(TableName=table, WaiterConfig=_WAIT)


_STREAM: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def _check_service(client: "DynamoDBClient") -> None:
    """Whether what answers there is a DynamoDB at all."""
    try:
        with translated():
            names = client.list_tables(Limit=1)["TableNames"]
    except (AttributeError, KeyError, TypeError, ValueError):  # botocore on another's JSON
        names = None
    if not isinstance(names, list):
        raise StoreUnavailable("What answers there is not a DynamoDB.")


def _ensure(
    client: "DynamoDBClient", table: str, keys: list[str], *, streamed: bool = False
) -> None:
    with translated():
        try:
            description = client.describe_table(TableName=table)["Table"]
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            _create(client, table, keys, streamed=streamed)
            return
        _check_keys(table, keys, description)
        if description["TableStatus"] in {"CREATING", "UPDATING"}:
            client.get_waiter("table_exists").wait(TableName=table, WaiterConfig=_WAIT)


def _create(client: "DynamoDBClient", table: str, keys: list[str], *, streamed: bool) -> None:
    roles = ("HASH", "RANGE")
    request: dict[str, Any] = {
        "TableName": table,
        "KeySchema": [
            {"AttributeName": key, "KeyType": role} for key, role in zip(keys, roles, strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if streamed:
        request["StreamSpecification"] = _STREAM
    try:
        client.create_table(**request)
    except ClientError as error:  # another process was first
        if error_code(error) != "ResourceInUseException":
            raise
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig=_WAIT)


def _ensure_expiry(client: "DynamoDBClient", table: str) -> None:
    """Let DynamoDB expire the rows that carry `ExpiresAt`; rows without it stay for good."""
    with translated():
        if _expires(client, table):
            return
        try:
            client.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": "ExpiresAt"},
            )
        except ClientError:  # another process was first, or our own try whose answer was lost
            if not _expires(client, table):
                raise


def _expires(client: "DynamoDBClient", table: str) -> bool:
    state = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return state.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}


def _check_keys(table: str, keys: list[str], description: Any) -> None:
    by_role = {entry["KeyType"]: entry["AttributeName"] for entry in description["KeySchema"]}
    found = [by_role[role] for role in ("HASH", "RANGE") if role in by_role]
    types = {
        entry["AttributeName"]: entry["AttributeType"]
        for entry in description["AttributeDefinitions"]
    }
    if found != keys or any(types[key] != "S" for key in keys):
        shown = ", ".join(f"{key} ({types[key]})" for key in found)
        raise TableError(
            f"Table {table} has the key {shown}, and Stockpulse needs {', '.join(keys)} (S). "
            "Name another table (STOCKPULSE_PRODUCTS_TABLE, STOCKPULSE_TABLE_PREFIX), or the "
            "table's own key (STOCKPULSE_KEY_ATTRIBUTE)."
        )
