"""Reads are consistent, follow every page, and fetch pages on demand."""

from itertools import islice
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from app.core.errors import StoreUnavailable
from app.store.dynamodb.reads import PAGE, get_one, get_rows, newest_first


def row(number: int) -> dict[str, Any]:
    return {"Kind": {"S": "k"}, "ID": {"S": f"{number:02d}"}}


class Pages:
    """Ten rows, four to a page at most; counts the calls."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.down = False

    def query(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        if self.down:
            raise EndpointConnectionError(endpoint_url="http://gone")
        numbers = list(range(10))
        if not request.get("ScanIndexForward", True):
            numbers.reverse()
        if "ExclusiveStartKey" in request:
            numbers = numbers[numbers.index(int(request["ExclusiveStartKey"]["ID"]["S"])) + 1 :]
        limit = min(request["Limit"], 4)
        answer: dict[str, Any] = {"Items": [row(number) for number in numbers[:limit]]}
        if numbers[limit:]:
            answer["LastEvaluatedKey"] = row(numbers[limit - 1])
        return answer

    scan = query

    def get_item(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        return {"Item": row(1)} if request["Key"] == row(1) else {}


@pytest.fixture
def client() -> Any:
    return Pages()


def test_an_item_is_read_consistently(client: Any) -> None:
    assert get_one(client, "t", row(1)) == row(1)
    assert get_one(client, "t", row(2)) is None
    assert all(call["ConsistentRead"] for call in client.calls)


@pytest.mark.parametrize("operation", ["query", "scan"])
def test_every_page_is_read_consistently(client: Any, operation: Any) -> None:
    assert list(get_rows(client, operation, "t")) == [row(number) for number in range(10)]
    assert len(client.calls) == 3
    assert all(call["ConsistentRead"] for call in client.calls)


@pytest.mark.parametrize("operation", ["query", "scan"])
def test_every_page_has_a_limit_because_dynoxide_otherwise_reads_the_whole_table(
    client: Any, operation: Any
) -> None:
    list(get_rows(client, operation, "t"))
    assert {call["Limit"] for call in client.calls} == {PAGE}


def test_pages_are_read_on_demand(client: Any) -> None:
    assert len(list(islice(get_rows(client, "query", "t"), 5))) == 5
    assert len(client.calls) == 2


def test_an_outage_between_two_pages_raises_store_unavailable(client: Any) -> None:
    rows = get_rows(client, "scan", "t")
    assert [next(rows) for _ in range(4)] == [row(number) for number in range(4)]
    client.down = True
    with pytest.raises(StoreUnavailable):
        next(rows)


def test_newest_rows_come_first_and_the_next_page_continues_below_the_last(client: Any) -> None:
    pages, before = [], None
    while True:
        rows, before = newest_first(client, "t", ("Kind", "k"), "ID", 4, before)
        pages.append([int(found["ID"]["S"]) for found in rows])
        if before is None:
            break
    assert pages == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]
    assert all(call["ConsistentRead"] for call in client.calls)
