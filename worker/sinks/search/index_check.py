"""The check compares the live index with the products table, in both directions, page by page.

A difference is read again before it is reported: the product may just have changed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from app.core.errors import StoreUnavailable
from app.store.deployment import Deployment
from app.store.dynamodb.client import translated
from worker.consumers.sink import Unavailable
from worker.sinks.search.current_products import CurrentProducts
from worker.sinks.search.index_roles import Index, IndexRoles
from worker.sinks.search.search_document import TECHNICAL, Rendering, document_id
from worker.sinks.search.search_node import Answer, SearchNode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 200  # products
_READS = 3
_PAUSE = 1.0  # seconds between two reads of a difference
_SHOWN = 60  # characters of a value

Fields = Mapping[str, Any]


class IndexCheck:
    """Call it for the differences; it writes nothing."""

    def __init__(
        self,
        deployment: Deployment,
        node: SearchNode,
        roles: IndexRoles,
        rendering: Rendering,
        current: CurrentProducts,
    ) -> None:
        self._client: DynamoDBClient = deployment.clients.tables
        self._table = deployment.tables.products
        self._names = deployment.names
        self._node = node
        self._roles = roles
        self._rendering = rendering
        self._current = current

    def __call__(self) -> Iterator[str]:
        """Yield a sentence for each difference, and "" after each page without one.

        Raises:
            Unavailable: the index or the table cannot be read.

        """
        live = self._roles.found().live
        if live is None:
            yield f"There is no index {self._roles.alias}, or it is not filled yet."
            return
        yield from self._roles.changed_fields(live)
        try:
            for ids in self._products():
                yield from self._compared(live, ids)
            self._done(self._node("POST", f"/{live.name}/_refresh"))
            for ids in self._indexed(live):
                yield from self._compared(live, ids, gone=True)
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error

    def _products(self) -> Iterator[list[str]]:
        """Ids of the products in the table, page by page."""
        start: Any = {}
        while True:
            with translated():
                answer: Any = self._client.scan(
                    TableName=self._table, ConsistentRead=True, Limit=PAGE, **start
                )
            yield [
                self._names.key.id_of(item)
                for item in answer["Items"]
                if self._names.is_product(item)
            ]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _indexed(self, index: Index) -> Iterator[list[str]]:
        """Ids of the products that the index shows, page by page."""
        after: dict[str, Any] = {}
        while True:
            answer = self._node(
                "POST",
                f"/{index.name}/_search",
                {
                    "size": PAGE,
                    "query": {"bool": {"must_not": {"term": {"deleted": True}}}},
                    "sort": [{"product_id": {"order": "asc", "missing": "_first"}}],
                    "_source": ["product_id"],
                    **after,
                },
            )
            self._done(answer)
            hits = answer.document["hits"]["hits"]
            yield [str(hit["_source"].get("product_id", hit["_id"])) for hit in hits]
            if len(hits) < PAGE:
                return
            after = {"search_after": hits[-1]["sort"]}

    def _compared(self, index: Index, ids: Sequence[str], *, gone: bool = False) -> Iterator[str]:
        """The differences of some products, each read a few times; `gone`: of deleted ones only."""
        found: dict[str, str] = {}
        for number in range(_READS):
            if number:
                time.sleep(_PAUSE)
            found = self._differences(index, list(found) if number else ids, gone=gone)
            if not found:
                yield ""
                return
        yield from found.values()

    def _differences(self, index: Index, ids: Sequence[str], *, gone: bool) -> dict[str, str]:
        if not ids:
            return {}
        stored = self._stored(index, ids)  # first: what is newer then comes later to the index
        items = self._current.items(ids)
        found = {}
        for product_id in ids:
            document = self._rendering.document(product_id, "", items.get(product_id), None)
            wanted = orjson.loads(document.body)
            why = difference(wanted, stored.get(product_id))
            if why and (wanted["deleted"] or not gone):
                found[product_id] = f"{product_id[:200]}: {why}"
        return found

    def _stored(self, index: Index, ids: Sequence[str]) -> dict[str, Fields]:
        wanted = {document_id(product_id): product_id for product_id in ids}
        answer = self._node("POST", f"/{index.name}/_mget", {"ids": list(wanted)})
        self._done(answer)
        return {
            wanted[one["_id"]]: one["_source"]
            for one in answer.document["docs"]
            if one.get("found")
        }

    def _done(self, answer: Answer) -> None:
        if answer.status != 200:
            raise Unavailable(f"The index {self._roles.alias} cannot be read: {answer.reason}")


def difference(wanted: Fields, found: Fields | None) -> str:
    """What is wrong about a product's document, in words; "" if nothing is."""
    gone = wanted["deleted"]
    if found is None:
        return "" if gone else "is not in the index"
    if gone:
        return (
            "" if found.get("deleted") is True else "is in the index, but there is no such product"
        )
    if found.get("deleted") is True:
        return "is deleted in the index, but the product exists"
    for name in sorted((wanted.keys() | found.keys()) - TECHNICAL):
        there, here = found.get(name), wanted.get(name)
        if there != here:
            return f"{name} is {_short(there)} in the index, and {_short(here)} in the table"
    return ""


def _short(value: Any) -> str:
    text = "missing" if value is None else orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
