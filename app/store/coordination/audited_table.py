"""An audit holds the changes of one products table: a second table needs an audit of its own.

Chains are kept by product id. Entries of two tables with equal ids would form one chain, and
`stockpulse verify` would rightly report it as tampered with.
"""

from typing import TYPE_CHECKING

from app.core.errors import ConditionFailed
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.table_names import TableError, TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARD = "~table"


def claim_audit(client: "DynamoDBClient", names: TableNames, consumer: str) -> None:
    """Record that the audit belongs to `names.products`; the first start does, later ones compare.

    Raises:
        TableError: the audit belongs to another products table.
        StoreUnavailable: the row cannot be read or written now.

    """
    key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}
    try:
        with translated():
            client.put_item(
                TableName=names.checkpoints,
                Item={**key, "Products": {"S": names.products}},
                ConditionExpression="attribute_not_exists(#products) OR #products = :products",
                ExpressionAttributeNames={"#products": "Products"},
                ExpressionAttributeValues={":products": {"S": names.products}},
            )
    except ConditionFailed:
        owner = (get_one(client, names.checkpoints, key) or {})["Products"]["S"]
        raise TableError(
            f"table {names.audit} holds the changes of {owner}, and an audit belongs to one "
            f"products table: set STOCKPULSE_TABLE_PREFIX to keep the changes of {names.products} "
            f"in tables of their own, or set STOCKPULSE_PRODUCTS_TABLE={owner}"
        ) from None
