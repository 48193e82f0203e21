"""A deployment has one random id for as long as its tables exist, whatever their address is.

A table's ARN is no such id: the tables of every local engine have the same one.
"""

import uuid
from typing import TYPE_CHECKING

from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARD = "~deployment"


def deployment_id(client: "DynamoDBClient", table: str, consumer: str) -> str:
    """The id in the row of this consumer, 32 hexadecimal digits; the first call creates it.

    Raises:
        StoreUnavailable: the row cannot be read or written now.

    """
    key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}
    row = get_one(client, table, key)
    if row is not None:
        return str(row["DeploymentID"]["S"])
    with translated():
        answer = client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET DeploymentID = if_not_exists(DeploymentID, :new)",
            ExpressionAttributeValues={":new": {"S": uuid.uuid4().hex}},
            ReturnValues="ALL_NEW",
        )
    return str(answer["Attributes"]["DeploymentID"]["S"])
