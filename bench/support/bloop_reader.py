"""Reads a stream with bloop, in a separate virtual environment; prints one JSON line.

python bloop_reader.py ENDPOINT TABLE RECORDS
"""

import json
import sys
import time

import bloop
import boto3
from botocore.config import Config

endpoint, table, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])
place = {
    "endpoint_url": endpoint,
    "region_name": "us-east-1",
    "aws_access_key_id": "stockpulse",
    "aws_secret_access_key": "stockpulse",
    "config": Config(parameter_validation=False),  # the engine's shard ids are short
}


class Product(bloop.BaseModel):
    """A product as `store.item` makes it."""

    class Meta:
        """The table and its stream."""

        table_name = table
        stream = {"include": {"new", "old"}}  # noqa: RUF012 - the form that bloop requires

    id = bloop.Column(bloop.String, hash_key=True, dynamo_name="ProductID")
    name = bloop.Column(bloop.String, dynamo_name="ProductName")
    category = bloop.Column(bloop.String, dynamo_name="Category")
    price = bloop.Column(bloop.Number, dynamo_name="Price")
    stock = bloop.Column(bloop.Integer, dynamo_name="Stock")
    reorder_point = bloop.Column(bloop.Integer, dynamo_name="ReorderPoint")
    tags = bloop.Column(bloop.Set(bloop.String), dynamo_name="Tags")
    barcode = bloop.Column(bloop.String, dynamo_name="Barcode")
    metadata = bloop.Column(bloop.DynamicMap, dynamo_name="Stockpulse")


streams = boto3.client("dynamodbstreams", **place)
engine = bloop.Engine(dynamodb=boto3.client("dynamodb", **place), dynamodbstreams=streams)
try:
    engine.bind(Product, skip_table_setup=True)
    # `bind` would set this from DescribeTable, but it does not finish on this engine.
    (found,) = streams.list_streams(TableName=table)["Streams"]
    Product.Meta.stream["arn"] = found["StreamArn"]
    stream = engine.stream(Product, "trim_horizon")
    begun, seen = time.perf_counter(), 0
    while seen < wanted:
        seen += next(stream) is not None
    rate = seen / (time.perf_counter() - begun)
    print(json.dumps({"records_per_s": rate, "version": bloop.__version__}))
except Exception as error:  # noqa: BLE001 - any error is reported
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
