"""The baseline for the REST API: bare FastAPI routes that make the same boto3 calls.

`python bare_api.py ENDPOINT TABLE` prints its port. A read is one consistent GetItem; a write is
one GetItem and a transaction of one conditional update, which sets the stock and a metadata map of
the same size as the application's. Nothing is validated, signed or explained.
"""

import json
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import boto3
import uvicorn
from botocore.config import Config
from fastapi import FastAPI
from pydantic import BaseModel

from app.store.dynamodb.aws_session import LOCAL_CREDENTIAL, LOCAL_REGION
from app.store.dynamodb.client import POOL_SIZE


class Adjustment(BaseModel):
    """The body of a write."""

    delta: int
    reason: str


def metadata(reason: str) -> dict[str, Any]:
    """A map like the one that the application writes."""
    texts = {
        "created_at": "2026-11-21T08:00:00.000Z",
        "updated_at": "2026-11-21T08:00:00.000Z",
        "actor": "local",
        "request_id": uuid.uuid4().hex,
        "reason": reason,
        "signature": f"bench:{'s' * 43}",
    }
    return {"M": {"version": {"N": "2"}, **{name: {"S": text} for name, text in texts.items()}}}


def make(endpoint: str, table: str) -> FastAPI:
    """Make the application."""
    client: Any = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=LOCAL_REGION,
        aws_access_key_id=LOCAL_CREDENTIAL,
        aws_secret_access_key=LOCAL_CREDENTIAL,
        config=Config(max_pool_connections=POOL_SIZE),
    )
    app = FastAPI()

    def read(product_id: str) -> dict[str, Any]:
        key = {"ProductID": {"S": product_id}}
        item: dict[str, Any] = client.get_item(TableName=table, Key=key, ConsistentRead=True)[
            "Item"
        ]
        return item

    @app.get("/v1/products/{product_id}")
    def get(product_id: str) -> dict[str, Any]:
        return read(product_id)

    @app.post("/v1/products/{product_id}/adjustments")
    def adjust(product_id: str, body: Adjustment) -> dict[str, Any]:
        item = read(product_id)
        stock = str(int(item["Stock"]["N"]) + body.delta)
        update = {
            "TableName": table,
            "Key": {"ProductID": {"S": product_id}},
            "UpdateExpression": "SET Stock = :new, Stockpulse = :metadata",
            "ConditionExpression": "Stock = :old",
            "ExpressionAttributeValues": {
                ":new": {"N": stock},
                ":old": item["Stock"],
                ":metadata": metadata(body.reason),
            },
        }
        client.transact_write_items(
            ClientRequestToken=uuid.uuid4().hex, TransactItems=[{"Update": update}]
        )
        return {**item, "Stock": {"N": stock}}

    return app


def main() -> None:
    """Serve until the process is ended."""
    endpoint, table = sys.argv[1:]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        config = uvicorn.Config(make(endpoint, table), log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
