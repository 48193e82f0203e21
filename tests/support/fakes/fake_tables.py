# ruff: noqa: N803 - the arguments are named as boto3 names them
"""An in-memory DynamoDB with conditions, transactions and batches; each write can be watched.

Each call is atomic, so there are no locks.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import formatdate
from typing import Any

from tests.support.fakes.fake_errors import fault
from tests.support.fakes.fake_expressions import Item, key_equals, updated
from tests.support.fakes.fake_parser import parse_condition
from tests.support.fakes.fake_requests import attributes_of, holds, scope_of

Key = tuple[str, ...]
Watcher = Callable[[str, Item | None, Item | None], None]

ITEM_LIMIT = 400 * 1024


class FakeTables:
    """Tables by name; `keys` names each table's key attributes.

    Watchers are called for each change to an item, with table, before and after. `limits` sets a
    table's maximum item size in bytes, so that oversized items are cheap to make.
    """

    def __init__(
        self,
        keys: Mapping[str, tuple[str, ...]],
        limits: Mapping[str, int] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now`: the service's own clock, for the `Date` header of its responses."""
        self._keys = keys
        self._now = now
        self._limits = limits or {}
        self.rows: dict[str, dict[Key, Item]] = {name: {} for name in keys}
        self.descriptions: dict[str, Item] = {}
        self.batch: set[tuple[str, Key]] = set()  # keys of the running batch write
        self._tokens: set[str] = set()
        self.watchers: list[Watcher] = []

    # The methods that the store calls, named as in boto3.

    def put_item(self, *, TableName: str, Item: Item, **request: Any) -> Item:
        self._check_size(TableName, Item)
        before = self._before(TableName, Item, request)
        self._set(TableName, self._key(TableName, Item), dict(Item))
        return _returned(request, before, Item)

    def update_item(self, *, TableName: str, Key: Item, **request: Any) -> Item:
        before = self._before(TableName, Key, request)
        after = self._updated(Key, before, {"TableName": TableName, **request})
        self._set(TableName, self._key(TableName, Key), after)
        return _returned(request, before, after) | self._metadata()

    def delete_item(self, *, TableName: str, Key: Item, **request: Any) -> Item:
        before = self._before(TableName, Key, request)
        self._set(TableName, self._key(TableName, Key), None)
        return _returned(request, before, None)

    def get_item(self, *, TableName: str, Key: Item, **_: Any) -> Item:
        found = self.rows[TableName].get(self._key(TableName, Key))
        answer = self._metadata()
        return answer if found is None else answer | {"Item": dict(found)}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Item:
        found = {
            table: [
                dict(self.rows[table][key])
                for key in (self._key(table, one) for one in asked["Keys"])
                if key in self.rows[table]
            ]
            for table, asked in RequestItems.items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def batch_write_item(
        self, *, RequestItems: dict[str, Any], only: Callable[[int], bool] = lambda _: True
    ) -> Item:
        """Validate all items, then write those whose number `only` accepts, one by one."""
        asked = [(table, one) for table, many in RequestItems.items() for one in many]
        keys = [(table, self._key(table, next(iter(next(iter(one.values())).values()))))
                for table, one in asked]  # fmt: skip
        if len(set(keys)) != len(keys):
            raise fault("ValidationException", "Provided list of item keys contains duplicates")
        if not 1 <= len(asked) <= 25:
            raise fault("ValidationException", "1 to 25 items in a batch")
        for table, one in asked:
            self._check_size(table, one.get("PutRequest", {}).get("Item", {}))
        self.batch = set(keys)
        left: dict[str, list[Any]] = {}
        for number, (table, one) in enumerate(asked):
            if not only(number):
                left.setdefault(table, []).append(one)
            elif "PutRequest" in one:
                self.put_item(TableName=table, Item=one["PutRequest"]["Item"])
            else:
                self.delete_item(TableName=table, Key=one["DeleteRequest"]["Key"])
        self.batch = set()
        return {"UnprocessedItems": left}

    def transact_write_items(
        self, *, TransactItems: list[Any], ClientRequestToken: str | None = None, **_: Any
    ) -> Item:
        if ClientRequestToken is not None and ClientRequestToken in self._tokens:
            return {}
        reasons = [self._refusal(*next(iter(one.items()))) for one in TransactItems]
        if any(reason["Code"] != "None" for reason in reasons):
            raise fault("TransactionCanceledException", CancellationReasons=reasons)
        for one in TransactItems:
            ((kind, request),) = one.items()
            match kind:
                case "Put":
                    self.put_item(**request)
                case "Update":
                    self.update_item(**request)
                case "Delete":
                    self.delete_item(**request)
        if ClientRequestToken is not None:
            self._tokens.add(ClientRequestToken)
        return {}

    def query(self, *, TableName: str, KeyConditionExpression: str, **request: Any) -> Item:
        node = parse_condition(KeyConditionExpression)
        asked = key_equals(node, self._keys[TableName][0], scope_of({}, request))
        partition = [row for row in self.rows[TableName].items() if row[0][0] == asked["S"]]
        rows = [item for _, item in sorted(partition) if scope_of(item, request).holds(node)]
        if not request.get("ScanIndexForward", True):
            rows.reverse()
        return self._page(TableName, rows, request)

    def describe_table(self, *, TableName: str) -> Item:
        return {"Table": self.descriptions[TableName]}

    def scan(self, *, TableName: str, **request: Any) -> Item:
        return self._page(TableName, [row for _, row in sorted(self.rows[TableName].items())],
                          request)  # fmt: skip

    def _metadata(self) -> Item:
        headers = {"date": formatdate(self._now(), usegmt=True)}
        return {"ResponseMetadata": {"HTTPHeaders": headers}}

    def _page(self, table: str, rows: list[Item], request: Mapping[str, Any]) -> Item:
        start = request.get("ExclusiveStartKey")
        if start is not None:
            keys = [self._key(table, row) for row in rows]
            after = self._key(table, start)
            forward = request.get("ScanIndexForward", True)
            rows = [
                row
                for key, row in zip(keys, rows, strict=True)
                if (key > after if forward else key < after)
            ]
        limit = request.get("Limit", len(rows) + 1)
        page, more = rows[:limit], len(rows) > limit
        shown = page
        if "FilterExpression" in request:
            node = parse_condition(request["FilterExpression"])
            shown = [row for row in page if scope_of(row, request).holds(node)]
        answer: Item = {"Items": [dict(row) for row in shown], "Count": len(shown)}
        if more:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in self._keys[table]}
        return answer

    def _refusal(self, kind: str, request: dict[str, Any]) -> Item:
        key_holder = request["Item"] if kind == "Put" else request["Key"]
        before = self.rows[request["TableName"]].get(self._key(request["TableName"], key_holder))
        if kind == "Put" and self._too_large(request["TableName"], request["Item"]):
            return {"Code": "ValidationError", "Message": "Item size has exceeded the maximum"}
        if holds(before, request):
            return {"Code": "None"}
        return {"Code": "ConditionalCheckFailed"} | ({} if before is None else {"Item": before})

    def _before(self, table: str, key_holder: Item, request: Mapping[str, Any]) -> Item | None:
        before = self.rows[table].get(self._key(table, key_holder))
        if not holds(before, request):
            raise fault("ConditionalCheckFailedException")
        return before

    def _updated(self, key: Item, before: Item | None, request: Mapping[str, Any]) -> Item:
        names, values = attributes_of(request)
        text = request.get("UpdateExpression", "")
        after = updated(dict(before or key), text, names, values)
        self._check_size(request["TableName"], after)
        return after

    def _too_large(self, table: str, item: Item) -> bool:
        return _size(item) > self._limits.get(table, ITEM_LIMIT)

    def _check_size(self, table: str, item: Item) -> None:
        if self._too_large(table, item):
            raise fault("ValidationException", "Item size has exceeded the maximum allowed size")

    def _set(self, table: str, key: Key, after: Item | None) -> None:
        before = self.rows[table].get(key)
        if after is None:
            self.rows[table].pop(key, None)
        else:
            self.rows[table][key] = after
        for watcher in self.watchers:
            watcher(table, before, after)

    def _key(self, table: str, item: Item) -> Key:
        return tuple(item[name]["S"] for name in self._keys[table])


class Paginator:
    """Pages of a client method's results, as in boto3."""

    def __init__(self, call: Callable[..., Item]) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Iterator[Item]:
        while True:
            answer = self._call(**request)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _returned(request: Mapping[str, Any], before: Item | None, after: Item | None) -> Item:
    wanted = request.get("ReturnValues", "NONE")
    found = before if wanted == "ALL_OLD" else after if wanted == "ALL_NEW" else None
    return {} if found is None else {"Attributes": dict(found)}


def _size(value: Any) -> int:
    match value:
        case dict():
            return sum(len(str(name)) + _size(inner) for name, inner in value.items())
        case str() | bytes():
            return len(value)
        case Iterable():
            return sum(_size(inner) for inner in value)
        case _:
            return 1
