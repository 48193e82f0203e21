"""The embedded engine expires no items, so its owner deletes products whose TTL has passed.

Each is marked first, as in every delete, by `automatic expiry`: a name that no person and no key
has. The mark is signed, so the stream proves it, and the change is shown as a deletion by
DynamoDB's TTL is. As with other rows, that is two days late (`app.store.expiry`).
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, MetadataTaken, OutcomeUnknown, StoreUnavailable
from app.core.roles import EXPIRY
from app.core.stamps import Stamps
from app.runtime.loop_thread import LoopThread
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.store_clock import StoreClock
from app.store.dynamodb.tables import ttl_attribute
from app.store.dynamodb.transactions import Committer
from app.store.expiry import GRACE, LATER, PAGE, REST, SOON
from app.store.products.expressions import compared
from app.store.products.model import Stamp
from app.store.products.two_step_delete import TwoStepDelete

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

_OLDEST = 5 * 365 * 24 * 3600  # seconds: DynamoDB ignores a time that is longer ago


class ProductExpiry:
    """Walks the products table again and again, if it has a TTL."""

    def __init__(
        self, client: "DynamoDBClient", stamps: Stamps, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._stamps = stamps
        self._now = now
        self._clock = StoreClock(client)
        self._commit = Committer(client)
        self._attribute: str | None = None
        self._start: dict[str, Any] = {}  # where the next page starts

    def turn(self) -> float:
        """Do one page; returns the seconds until the next one.

        Raises:
            StoreUnavailable: the page is repeated by the next call.

        """
        if not self._start:
            self._attribute = ttl_attribute(self._client, self._stamps.table)
        if self._attribute is None:
            return REST
        now = int(self._now())
        with translated():
            answer: Any = self._client.scan(
                TableName=self._stamps.table,
                ConsistentRead=True,
                Limit=PAGE,
                FilterExpression="#ttl BETWEEN :oldest AND :edge",
                ExpressionAttributeNames={"#ttl": self._attribute},
                ExpressionAttributeValues={
                    ":oldest": {"N": str(now - _OLDEST)},
                    ":edge": {"N": str(now - GRACE)},
                },
                **self._start,
            )
        for item in answer["Items"]:
            # A product that was changed meanwhile is left for the next walk.
            with suppress(ConditionFailed, OutcomeUnknown):
                self._expire(item, self._attribute)
        last = answer.get("LastEvaluatedKey")
        self._start = {"ExclusiveStartKey": last} if last else {}
        return (SOON if answer["Items"] else LATER) if last else REST

    def _expire(self, item: Mapping[str, Any], attribute: str) -> None:
        names, unchanged = self._stamps.names, (attribute,)
        if names.is_product(item):
            delete = TwoStepDelete(
                self._commit, self._find, self._stamps, self._clock.now, marks=True
            )
            stamp = Stamp(actor=EXPIRY, request_id=uuid.uuid4().hex)
            with suppress(MetadataTaken):
                delete(dict(item), stamp, also=[unchanged])
                return
        # It cannot bear a mark, so its deletion has no author.
        target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
        condition = compared(dict(item), [unchanged]).request(names.key)
        self._commit({"Delete": {**target, **condition}})

    def _find(self, product_id: str) -> dict[str, Any] | None:
        key = self._stamps.names.key.key_of(product_id)
        return get_one(self._client, self._stamps.table, key)


@contextmanager
def expiring_products(
    client: "DynamoDBClient", stamps: Stamps, *, may_mark: bool
) -> Iterator[None]:
    """Delete expired products until the block ends; without the right to mark them, only warn."""
    if may_mark:
        expiry = ProductExpiry(client, stamps)
        with LoopThread("product-expiry", expiry.turn, expected=(StoreUnavailable,), first=REST):
            yield
        return
    if ttl_attribute(client, stamps.table) is not None:
        _log.warning(
            "the table %s has a TTL, but the embedded engine does not expire items, and Stockpulse "
            "deletes expired ones only without STOCKPULSE_READ_ONLY and with a stream of view type "
            "NEW_AND_OLD_IMAGES, so they stay",
            stamps.table,
        )
    yield
