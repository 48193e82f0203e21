"""Products as the tables have them now: first the newest event key, then the item.

The item is at least as new as the key. If it is newer, a greater key is still to be delivered. The
other order would lose a change between both reads.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from app.core.errors import StoreUnavailable
from app.core.keys import NotAnID
from app.store.audit.chain_reader import ChainReader
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from worker.consumers.sink import Unavailable
from worker.sinks.search.search_document import Document, Rendering

QUERIES = 4  # at once


class CurrentProducts:
    """Reads products, each by one query for its last audit entry and with a batch for the items."""

    def __init__(self, deployment: Deployment, rendering: Rendering) -> None:
        self._client = deployment.clients.tables
        self._table = deployment.tables.products
        self._names = deployment.names
        self._chains = ChainReader(self._client, deployment.tables.audit)
        self._rendering = rendering

    def __call__(self, product_ids: Sequence[str]) -> list[Document]:
        """The documents of these products; those that do not exist are deleted ones.

        Raises:
            Unavailable: the tables cannot be read now.

        """
        try:
            with ThreadPoolExecutor(QUERIES, "search-keys") as threads:
                found = threads.map(self._chains.newest_link, product_ids)
                links = dict(zip(product_ids, found, strict=True))
            items = self.items(product_ids)
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error
        now = datetime.now(UTC)
        documents = []
        for one in product_ids:
            link = links[one]
            key, changed_at = ("", now) if link is None else (link.key, link.occurred_at)
            documents.append(self._rendering.document(one, key, items.get(one), changed_at))
        return documents

    def items(self, product_ids: Sequence[str]) -> dict[str, Any]:
        """The items that exist, by product id.

        Raises:
            StoreUnavailable: the table cannot be read now.

        """
        keys = []
        for one in product_ids:
            with suppress(NotAnID):  # of a table that had another key
                keys.append(self._names.key.key_of(one))
        found = get_all(self._client, self._table, keys)
        return {self._names.key.id_of(item): item for item in found}
