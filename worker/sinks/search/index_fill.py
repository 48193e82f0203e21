"""The fill copies every product into the next index, while events are delivered to it as well.

It goes on page by page between the reads of the timeline, and its place is kept in the index, so
another worker continues there. At the end the index takes over.
"""

import logging
import time
from typing import TYPE_CHECKING, Any

from app.core.errors import StoreUnavailable
from app.core.item import canonical, from_canonical
from app.store.deployment import Deployment
from app.store.dynamodb.client import translated
from worker.consumers.sink import Unavailable
from worker.sinks.search.current_products import CurrentProducts
from worker.sinks.search.index_roles import Index, IndexRoles, Roles
from worker.sinks.search.index_writer import IndexWriter
from worker.sinks.search.search_node import SearchNode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

PAGE = 100  # items: copied within the time of a lease
POLL = 5.0  # seconds between two looks for a next index
RETIRED = 30.0  # seconds until an index that was replaced is deleted; longer than most searches
SAVE_EVERY = 10  # pages; a place saved is a change of the cluster's state


class IndexFill:
    """Fills the next index, if there is one."""

    def __init__(
        self,
        deployment: Deployment,
        node: SearchNode,
        roles: IndexRoles,
        writer: IndexWriter,
        current: CurrentProducts,
    ) -> None:
        self._client: DynamoDBClient = deployment.clients.tables
        self._table = deployment.tables.products
        self._names = deployment.names
        self._node = node
        self._roles = roles
        self._writer = writer
        self._current = current
        self._index = ""  # that `_place` is about
        self._place: str | None = None
        self._pages = 0
        self._retired: tuple[str, float] = ("", 0.0)  # an index, and when it was first seen so

    def advance(self) -> float:
        """Copy the next page, if there is one; returns the seconds until the next call.

        Raises:
            Unavailable: call it again.

        """
        with self._node.together():
            return self._advance(self._roles.now())

    def _advance(self, roles: Roles) -> float:
        if roles.next is None:
            return POLL if roles.retired is None else min(POLL, self._delete_later(roles.retired))
        began = time.monotonic()
        if self._index != roles.next.name:
            self._index, self._place, self._pages = roles.next.name, roles.next.place, 0
        ids, last = self._read(self._place)
        self._copy(roles.next, ids)
        if last is None:
            self._finish(roles)
            return 0.0
        self._place, self._pages = canonical(last).decode(), self._pages + 1
        if self._pages % SAVE_EVERY == 0:
            self._roles.save_place(roles.next, self._place)
        return time.monotonic() - began  # so that events are delivered as well

    def _delete_later(self, retired: Index) -> float:
        """Delete an index once no search runs on it; returns the seconds until then."""
        now = time.monotonic()
        if self._retired[0] != retired.name:
            self._retired = retired.name, now
        left = self._retired[1] + RETIRED - now
        if left <= 0:
            self._roles.drop(retired)
        return left if left > 0 else POLL

    def _read(self, place: str | None) -> tuple[list[str], Any]:
        start: Any = {} if place is None else {"ExclusiveStartKey": from_canonical(place.encode())}
        try:
            with translated():
                answer = self._client.scan(
                    TableName=self._table, ConsistentRead=True, Limit=PAGE, **start
                )
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error
        products = filter(self._names.is_product, answer["Items"])
        return [self._names.key.id_of(item) for item in products], answer.get("LastEvaluatedKey")

    def _copy(self, index: Index, ids: list[str]) -> None:
        written = self._writer.write([index], self._current(ids)) if ids else None
        if written is None:
            return
        if written.trouble is not None:
            raise written.trouble
        if written.refused:
            if changed := self._roles.changed_fields(index):
                raise Unavailable(f"Somebody changed the index {index.name}: {changed[0]}")
            for product_id, why in list(written.refused.items())[:5]:
                _log.warning("search index %s refuses product %r: %s", index.name, product_id, why)

    def _finish(self, roles: Roles) -> None:
        found = self._roles.found()
        if found.next is not None and roles.next is not None and found.next.name == self._index:
            self._roles.take_over(found)
        self._index, self._place = "", None
