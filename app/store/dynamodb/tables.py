"""Missing tables are created and existing ones never altered; a mismatch is an error with a remedy.

Only `stockpulse init --enable-stream` enables a stream: that changes a table which may belong to
other programs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.core.errors import StoreUnavailable
from app.core.item import AttributeNames
from app.store.dynamodb.client import error_code, translated
from app.store.dynamodb.products_table import (
    BOTH_IMAGES,
    check_exists,
    key_of,
    with_key,
)
from app.store.dynamodb.table_names import TableError, TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WAIT: Any = {"Delay": 1, "MaxAttempts": 120}  # seconds, tries; AWS needs well under 2 minutes


_NOT_CREATED = (
    ", and Stockpulse does not create a table that STOCKPULSE_PRODUCTS_TABLE names, nor any with "
    "STOCKPULSE_READ_ONLY"
)


@dataclass(frozen=True, slots=True)
class StreamOfTable:
    """The products table's stream: its ARN, and which images its records have."""

    arn: str
    view_type: str


def ensure_tables(
    client: "DynamoDBClient", names: TableNames, attributes: AttributeNames
) -> AttributeNames:
    """Create missing tables, wait until all are ACTIVE, and check every table's key.

    Returns the attribute names with the products table's own key.

    Raises:
        TableError: a table exists with a different key, or the products table does not exist and
            must not be created.
        StoreUnavailable: DynamoDB cannot be reached.

    """
    _check_service(client)
    if names.existing:
        check_exists(client, names.products, _NOT_CREATED)
    partition, sort = names.key
    own = [partition or attributes.key.partition.name, *([] if sort is None else [sort])]
    expiring = expiring_tables(names)
    rest = {
        **expiring,
        names.checkpoints: ["Consumer", "Shard"],
        names.dead_letters: ["ProductID", "SinkKey"],
    }
    tables = {names.products: _description(client, names.products)}
    for name, keys in rest.items():
        tables[name] = _description(client, name)
        if tables[name] is not None:
            _check_keys(name, keys, tables[name])
    created = {name for name, description in tables.items() if description is None}
    # All are requested before the first is waited for: on AWS each takes seconds.
    for name in sorted(created):
        tables[name] = _create(client, name, rest.get(name, own), streamed=name not in rest)
    for name, description in tables.items():
        if description["TableStatus"] in {"CREATING", "UPDATING"}:
            with translated():
                client.get_waiter("table_exists").wait(TableName=name, WaiterConfig=_WAIT)
    for name in expiring:
        _ensure_expiry(client, name, is_new=name in created)
    return with_key(client, names, attributes)


def expiring_tables(names: TableNames) -> dict[str, list[str]]:
    """Our tables whose rows may expire, at the Unix time in `ExpiresAt`, with their keys."""
    return {
        names.audit: ["ProductID", "EventKey"],
        names.feed: ["Day", "Cursor"],
        names.idempotency: ["RequestKey"],
        names.settings: ["Kind", "ID"],
    }


def ttl_attribute(client: "DynamoDBClient", table: str) -> str | None:
    """The attribute whose time is the table's TTL; None if it has none.

    Raises:
        StoreUnavailable: DynamoDB cannot be reached.

    """
    with translated():
        state = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    enabled = state.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return state.get("AttributeName") if enabled else None


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
            f"Table {table} has no stream, so its changes cannot be read. Enable the stream with "
            "`stockpulse init --enable-stream`."
        )
    return StreamOfTable(arn, str(specification["StreamViewType"]))


def enable_stream(client: "DynamoDBClient", table: str) -> None:
    """Enable the table's stream with both images; does nothing if a stream is enabled."""
    try:
        stream_of(client, table)
    except TableError:
        with translated():
            client.update_table(TableName=table, StreamSpecification=_STREAM)
            client.get_waiter("table_exists").wait(TableName=table, WaiterConfig=_WAIT)


_STREAM: Any = {"StreamEnabled": True, "StreamViewType": BOTH_IMAGES}


def _check_service(client: "DynamoDBClient") -> None:
    """Check that the endpoint is DynamoDB at all."""
    try:
        with translated():
            names = client.list_tables(Limit=1)["TableNames"]
    except (AttributeError, KeyError, TypeError, ValueError):  # botocore, given other JSON
        names = None
    if not isinstance(names, list):
        raise StoreUnavailable(
            "The service at this endpoint is not DynamoDB. Check STOCKPULSE_DYNAMODB."
        )


def _description(client: "DynamoDBClient", table: str) -> Any:
    """The table's description; None if there is no such table."""
    with translated():
        try:
            return client.describe_table(TableName=table)["Table"]
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            return None


def _create(client: "DynamoDBClient", table: str, keys: list[str], *, streamed: bool) -> Any:
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
    with translated():
        try:
            return client.create_table(**request)["TableDescription"]
        except ClientError as error:
            if error_code(error) != "ResourceInUseException":
                raise
            return {"TableStatus": "CREATING"}  # another process has created it


def _ensure_expiry(client: "DynamoDBClient", table: str, *, is_new: bool) -> None:
    """Enable TTL on `ExpiresAt`; rows without that attribute do not expire."""
    with translated():
        if not is_new and ttl_attribute(client, table) is not None:
            return
        try:
            client.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": "ExpiresAt"},
            )
        except ClientError:  # another process enabled it, or our own call whose response was lost
            if ttl_attribute(client, table) is None:
                raise


def _check_keys(table: str, keys: list[str], description: Any) -> None:
    found = key_of(description)
    if found != [(key, "S") for key in keys]:
        shown = ", ".join(f"{key} ({kind})" for key, kind in found)
        raise TableError(
            f"Table {table} has the key {shown}, but Stockpulse needs {', '.join(keys)} (S). "
            "Set STOCKPULSE_TABLE_PREFIX, so that Stockpulse uses tables of its own."
        )
