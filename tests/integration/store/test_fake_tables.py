"""The fake tables of the state machine answer every call as a real engine does."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.store.dynamodb.client import connect, error_code
from tests.support.fakes.fake_tables import FakeTables

NAMES = {"#owner": "Owner", "#counter": "Counter", "#shard": "Shard"}  # reserved words


def text(value: str) -> dict[str, str]:
    return {"S": value}


def key(sort: str) -> dict[str, Any]:
    return {"Consumer": text("c"), "Shard": text(sort)}


def named(request: dict[str, Any]) -> dict[str, Any]:
    """The request with the names that its expressions use."""
    used = " ".join(str(value) for part, value in request.items() if part.endswith("Expression"))
    names = {name: meant for name, meant in NAMES.items() if name in used}
    return request | {"ExpressionAttributeNames": names} if names else request


def update(sort: str, expression: str, condition: str | None = None, **values: Any) -> Any:
    request: dict[str, Any] = {"Key": key(sort), "UpdateExpression": expression}
    if condition is not None:
        request["ConditionExpression"] = condition
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": v for name, v in values.items()}
    return "update_item", named(request) | {"ReturnValues": "ALL_NEW"}


def put(sort: str, condition: str | None = None, **attributes: Any) -> Any:
    request: dict[str, Any] = {"Item": key(sort) | attributes}
    if condition is not None:
        request["ConditionExpression"] = condition
    return "put_item", named(request)


def transact(token: str, *actions: dict[str, Any]) -> Any:
    return "transact_write_items", {"TransactItems": actions, "ClientRequestToken": token}


ADD_ONE = {
    "Update": {
        "Key": key("b"),
        "UpdateExpression": "ADD Tail :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
}
HELD = {
    "ConditionCheck": {
        "Key": key("a"),
        "ConditionExpression": "#owner = :o",
        "ExpressionAttributeNames": {"#owner": "Owner"},
        "ExpressionAttributeValues": {":o": text("w2")},
    }
}
NOT_HELD = {"ConditionCheck": HELD["ConditionCheck"] | {"ConditionExpression": "#owner <> :o"}}
ALL_OF_C = {
    "KeyConditionExpression": "Consumer = :c",
    "ExpressionAttributeValues": {":c": text("c")},
    "ConsistentRead": True,
}

CALLS = [
    put("a", Counter={"N": "1"}),
    put("a", "attribute_not_exists(#shard)"),
    update("a", "SET #owner = :o, N2 = if_not_exists(N2, :n)", o=text("w1"), n={"N": "7"}),
    update(
        "a",
        "SET #owner = :o",
        "#owner = :was AND #counter = :c",
        o=text("w2"),
        was=text("w1"),
        c={"N": "1.0"},
    ),
    update("a", "SET #owner = :o", "#owner = :was", o=text("w3"), was=text("w1")),
    update("b", "SET Tail = :n", "attribute_not_exists(Tail) OR Tail < :n", n={"N": "2"}),
    update("b", "SET Tail = Tail + :n REMOVE Nothing", n={"N": "3"}),
    update("b", "SET Tail = :n", "Tail <> :n", n={"N": "5"}),
    transact("t1", HELD, ADD_ONE),
    transact("t1", HELD, ADD_ONE),
    transact("t2", NOT_HELD, ADD_ONE),
    put("c", Text=text("x" * 410_000)),
    ("query", ALL_OF_C),
    ("query", ALL_OF_C | {"ScanIndexForward": False, "Limit": 1}),
    (
        "query",
        ALL_OF_C
        | {
            "KeyConditionExpression": "Consumer = :c AND #shard >= :s",
            "ExpressionAttributeNames": {"#shard": "Shard"},
            "ExpressionAttributeValues": {":c": text("c"), ":s": text("b")},
        },
    ),
    ("get_item", {"Key": key("nobody"), "ConsistentRead": True}),
    ("delete_item", {"Key": key("a"), "ConditionExpression": "attribute_not_exists(N2)"}),
    ("delete_item", {"Key": key("a"), "ReturnValues": "ALL_OLD"}),
    ("get_item", {"Key": key("a"), "ConsistentRead": True}),
]


def outcomes(client: Any, table: str, token: Callable[[str], str]) -> list[Any]:
    """The response to each call, without metadata; for an error, its code."""
    found: list[Any] = []
    for operation, request in CALLS:
        if operation == "transact_write_items":
            actions = [
                {kind: action | {"TableName": table}}
                for one in request["TransactItems"]
                for kind, action in one.items()
            ]
            request = {
                "TransactItems": actions,
                "ClientRequestToken": token(request["ClientRequestToken"]),
            }
        else:
            request = request | {"TableName": table}
        try:
            answer = dict(getattr(client, operation)(**request))
        except ClientError as error:
            found.append((operation, error_code(error)))
            continue
        answer.pop("ResponseMetadata", None)
        answer.pop("ScannedCount", None)
        found.append((operation, answer))
    return found


@pytest.fixture
def table(endpoint: str) -> str:
    name = f"fake-{secrets.token_hex(4)}"
    connect(endpoint).tables.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "Consumer", "KeyType": "HASH"},
            {"AttributeName": "Shard", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "Consumer", "AttributeType": "S"},
            {"AttributeName": "Shard", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def test_fake_tables_answer_every_call_like_the_engine(endpoint: str, table: str) -> None:
    fake: Any = FakeTables({table: ("Consumer", "Shard")})
    real = connect(endpoint).tables
    different = [
        (ours, expected)
        for ours, expected in zip(
            outcomes(fake, table, lambda token: token),
            outcomes(real, table, lambda token: f"{table}-{token}"),
            strict=True,
        )
        if ours != expected
    ]
    assert different == [], different
