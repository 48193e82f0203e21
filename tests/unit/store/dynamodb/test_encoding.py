"""Requests are sent, and pages parsed, as botocore would do it."""

import base64
import json
from typing import Any

import boto3
import orjson
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from app.store.dynamodb.client import Clients, connect
from tests.support.builders import STREAM_ARN
from worker.stream.decode import decode

PLACE: dict[str, Any] = {
    "endpoint_url": "http://127.0.0.1:9",  # nothing is sent there
    "region_name": "us-east-1",
    "aws_access_key_id": "a",
    "aws_secret_access_key": "b",
    "config": Config(retries={"total_max_attempts": 1}),
}
ITEM = {
    "S": {"S": "Käse ☕ \x00 \"'</script>"},
    "N": {"N": "-12345678901234567890.000000000000000001"},
    "B": {"B": b"\x00\xff"},
    "BOOL": {"BOOL": True},
    "NULL": {"NULL": True},
    "M": {"M": {"inner": {"M": {"B": {"B": b"x"}}}}},
    "L": {"L": [{"S": ""}, {"L": []}]},
    "SS": {"SS": ["b", "a"]},
    "NS": {"NS": ["1", "2.50"]},
    "BS": {"BS": [b"1", b"2"]},
}


class Raw:
    """A response's body with urllib3's interface."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


def answering(client: Any, body: bytes, status: int = 200) -> list[Any]:
    """Answer every call with `body`; returns the list of requests, instead of sending them."""
    requests: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, status, {}, Raw(body))

    client.meta.events.unregister("before-send", unique_id="answer")
    client.meta.events.register("before-send", answer, unique_id="answer")
    return requests


@pytest.fixture(scope="module")
def clients() -> Clients:
    return connect("https://127.0.0.1:9")


@pytest.fixture
def ours(clients: Clients) -> Any:
    return clients.streams


@pytest.fixture(scope="module")
def unpatched() -> Any:
    return boto3.client("dynamodbstreams", **PLACE)


def test_a_batch_is_sent_as_botocore_would_send_it(clients: Clients) -> None:
    batch = {"A": [{"PutRequest": {"Item": ITEM}}], "B": [{"PutRequest": {"Item": ITEM}}]}
    bodies = []
    for client in (clients.tables, boto3.client("dynamodb", **PLACE)):
        (request,) = _write(client, batch)
        bodies.append(json.loads(request.body))
        assert int(request.headers["Content-Length"]) == len(request.body)
    assert bodies[0] == bodies[1]
    assert set(batch) == {"A", "B"}, "the caller's batch must not change"


def _write(client: Any, batch: Any) -> list[Any]:
    requests = answering(client, b'{"UnprocessedItems": {}}')
    assert client.batch_write_item(RequestItems=batch)["UnprocessedItems"] == {}
    return requests


@pytest.mark.parametrize("text", ["plain", "\ud800"])
def test_a_transaction_is_sent_as_botocore_would_send_it(clients: Clients, text: str) -> None:
    update: dict[str, Any] = {
        "TableName": "Products",
        "Key": {"B": {"B": b"\x00"}},
        "UpdateExpression": "SET #a = :a",
        "ExpressionAttributeNames": {"#a": "Käse"},
        "ExpressionAttributeValues": {":a": {"M": ITEM}, ":b": {"S": text}},
    }
    bodies = []
    for client in (clients.tables, boto3.client("dynamodb", **PLACE)):
        requests = answering(client, b"{}")
        client.transact_write_items(ClientRequestToken="t" * 32, TransactItems=[{"Update": update}])
        bodies.append(json.loads(requests[0].body))
        assert int(requests[0].headers["Content-Length"]) == len(requests[0].body)
    assert bodies[0] == bodies[1]
    assert bodies[0]["ClientRequestToken"] == "t" * 32
    assert update["ExpressionAttributeValues"][":b"] == {"S": text}, "the caller's must not change"


def test_a_transaction_without_a_token_gets_one(clients: Clients) -> None:
    requests = answering(clients.tables, b"{}")
    clients.tables.transact_write_items(TransactItems=[{"Delete": {"TableName": "A", "Key": {}}}])
    assert len(json.loads(requests[0].body)["ClientRequestToken"]) == 36


def test_unprocessed_items_can_be_sent_again(clients: Clients) -> None:
    client: Any = clients.tables
    unprocessed = {"A": [{"PutRequest": {"Item": {"B": {"B": "AP8="}}}}]}
    requests = answering(client, orjson.dumps({"UnprocessedItems": unprocessed}))
    again = client.batch_write_item(RequestItems={"A": []})["UnprocessedItems"]
    client.batch_write_item(RequestItems=again)
    assert json.loads(requests[1].body) == {"RequestItems": unprocessed}


def page(**fields: Any) -> bytes:
    """A page of one record, as the service sends it."""
    image = {**ITEM, "B": {"B": "AP8="}, "BS": {"BS": ["MQ==", "Mg=="]}, "M": {"M": {}}}
    record = {
        "eventName": "MODIFY",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795253591.25,
            "Keys": {"ProductID": {"S": "P1"}},
            "OldImage": {**image, "Stock": {"N": "3"}},
            "NewImage": {**image, "Stock": {"N": "2"}},
            "SequenceNumber": "000000000000000000007",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
    return orjson.dumps({"Records": [record], "NextShardIterator": "next"} | fields)


def _read(client: Any, body: bytes, status: int = 200) -> Any:
    answering(client, body, status)
    return client.get_records(ShardIterator="i" * 30)


def test_a_page_decodes_to_the_same_events_as_with_botocore(ours: Any, unpatched: Any) -> None:
    mine, theirs = (_read(client, page()) for client in (ours, unpatched))
    assert mine["NextShardIterator"] == theirs["NextShardIterator"] == "next"
    events = [decode(answer["Records"][0], STREAM_ARN) for answer in (mine, theirs)]
    assert events[0] == events[1]


def test_at_a_shard_s_end_there_is_no_next_iterator(ours: Any) -> None:
    assert _read(ours, page(NextShardIterator=None)).get("NextShardIterator") is None


def test_a_page_with_invalid_unicode_is_left_to_botocore(ours: Any, unpatched: Any) -> None:
    body = page().replace(b'"P1"', b'"\\ud800"')
    assert _read(ours, body)["Records"] == _read(unpatched, body)["Records"]


def test_a_service_error_is_raised(ours: Any) -> None:
    fault = b'{"__type": "com.amazonaws.dynamodb.v20120810#ExpiredIteratorException"}'
    with pytest.raises(ClientError, match="ExpiredIteratorException"):
        _read(ours, fault, 400)


def _query(client: Any, item: Any) -> Any:
    body = {"Items": [item], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": {"S": {"S": "x"}}}
    answering(client, orjson.dumps(body, default=lambda value: base64.b64encode(value).decode()))
    answer = client.query(TableName="Feed", KeyConditionExpression="#d = :d")
    return {name: answer[name] for name in body}


def _get(client: Any, item: Any) -> Any:
    body = {} if item is None else {"Item": item}
    answering(client, orjson.dumps(body, default=lambda value: base64.b64encode(value).decode()))
    answer = client.get_item(TableName="Products", Key={"ProductID": {"S": "P1"}})
    return answer.get("Item")


WITHOUT_BINARY = {name: value for name, value in ITEM.items() if name not in {"B", "BS", "M"}}


@pytest.mark.parametrize(
    "item",
    [
        WITHOUT_BINARY,
        WITHOUT_BINARY | {"S": {"S": '"B":"AP8="'}},  # text that looks like a binary attribute
        ITEM,
        {"M": {"M": {"B": {"N": "1"}}}},  # a number whose name looks like the type
        {"L": {"L": [{"BS": [b"1"]}]}},
    ],
)
def test_a_page_of_items_is_parsed_as_botocore_would_parse_it(clients: Clients, item: Any) -> None:
    ours = _query(clients.tables, item)
    assert ours == _query(boto3.client("dynamodb", **PLACE), item)
    assert ours["Items"] == [item]
    assert _get(clients.tables, item) == _get(boto3.client("dynamodb", **PLACE), item) == item


def test_an_item_that_does_not_exist_is_missing_from_the_answer(clients: Clients) -> None:
    assert _get(clients.tables, None) is None


def test_items_of_a_batch_get_are_parsed_as_botocore_would_parse_them(clients: Clients) -> None:
    body = orjson.dumps({"Responses": {"A": [WITHOUT_BINARY]}, "UnprocessedKeys": {}})
    for client in (clients.tables, boto3.client("dynamodb", **PLACE)):
        answering(client, body)
        answer = client.batch_get_item(RequestItems={"A": {"Keys": [{"S": {"S": "x"}}]}})
        assert (answer["Responses"], answer["UnprocessedKeys"]) == ({"A": [WITHOUT_BINARY]}, {})
