"""A deployment with a search index; products are written as other programs write them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.events import ChangeEvent
from app.core.item import Item
from app.store.audit.entry import event_of
from app.store.deployment import Deployment
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import ensure_tables
from tests.integration.consumers.kit import Shop
from tests.support.outside.opensearch import OpenSearch
from tests.support.waiting import until
from worker.consumers.sink import Sink
from worker.sinks.search.search_opening import search_sink

LONG = 60.0  # seconds


class SearchShop(Shop):
    """Tables, workers on them, and the index under the alias `alias`."""

    def __init__(self, settings: Settings, node: OpenSearch, alias: str) -> None:
        super().__init__(settings)
        self.node = node
        self.alias = alias
        self.url = node.url

    def search_settings(self, **changes: Any) -> Settings:
        """The deployment's settings with its search index."""
        search = {"search_url": SecretStr(self.url), "search_index": self.alias}
        return self.settings.model_copy(update=search | changes)

    @contextmanager
    def following(self, **changes: Any) -> Iterator[None]:
        """Run a worker with the sink; the block starts once the sink reads the timeline."""
        search = {"search_url": SecretStr(self.url), "search_index": self.alias}
        with self.worker(**search, **changes):
            until(lambda: self.row("search").cursor is not None)
            yield

    @contextmanager
    def sink(self, **changes: Any) -> Iterator[Sink]:
        """The sink alone, without a worker."""
        settings = self.search_settings(**changes)
        clients = connect(settings.dynamodb)
        names = settings.table_names
        attributes = ensure_tables(clients.tables, names, settings.attributes)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        try:
            with search_sink(self.url, settings, deployment) as sink:
                yield sink
        finally:
            clients.tables.close()
            clients.streams.close()

    def put_item(self, product_id: str, **attributes: Any) -> None:
        """Put an item with attributes in typed form."""
        item: Item = {"ProductID": {"S": product_id}, "Stock": {"N": "1"}, **attributes}
        self.client.put_item(TableName=self.names.products, Item=item)
        self.wake.hint()

    def delete(self, product_id: str) -> None:
        """Delete a product."""
        key = {"ProductID": {"S": product_id}}
        self.client.delete_item(TableName=self.names.products, Key=key)
        self.wake.hint()

    def events(self, product_id: str) -> list[ChangeEvent]:
        """The product's events in the audit, oldest first."""
        rows = self.client.query(
            TableName=self.names.audit,
            KeyConditionExpression="ProductID = :id",
            ExpressionAttributeValues={":id": {"S": product_id}},
            ConsistentRead=True,
        )["Items"]
        return [event_of(row) for row in rows]

    def document(self, product_id: str) -> Any:
        """The product's document in the live index; None if there is none."""
        return self.node.call("GET", f"/{self.alias}/_doc/{product_id}").get("_source")

    def stock(self, product_id: str) -> Any:
        """The stock in the live index; None if it has no such product."""
        return (self.document(product_id) or {}).get("stock")

    def found(self, query: Any) -> set[str]:
        """Ids of the products that a search finds."""
        self.node.call("POST", f"/{self.alias}/_refresh")
        answer = self.node.call("POST", f"/{self.alias}/_search", {"query": query, "size": 1000})
        return {hit["_source"]["product_id"] for hit in answer["hits"]["hits"]}

    def live(self) -> str | None:
        """The name of the live index; None if there is none."""
        names = [name for name in self.node.call("GET", f"/_alias/{self.alias}") if "-0" in name]
        return names[0] if names else None

    def until_live(self) -> str:
        """Wait until the first index is filled; returns its name."""
        name: str = until(self.live, LONG)
        return name

    def differences(self, **changes: Any) -> list[str]:
        """What the sink's check reports."""
        with self.sink(**changes) as sink:
            assert sink.check is not None
            return [line for line in sink.check() if line]

    def trouble(self) -> str:
        """The sink's error, as the System page shows it."""
        return self.row("search").health.error
