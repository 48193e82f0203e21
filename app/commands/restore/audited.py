"""States from the audit: one scan of its links chooses each product's last entry, which is read."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from app.commands.restore.choice import State, last_link, older_than_history, without_image
from app.core.events import RESERVED
from app.core.keys import id_in
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import LINK_FIELDS, Link, link_of
from app.store.audit.damaged import readable_entries
from app.store.dynamodb.reads import get_rows
from app.store.feed.feed import EventRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_AT_ONCE = 100  # products whose entries are read at once
_FIELDS: dict[str, Any] = {
    "ProjectionExpression": ", ".join(("ProductID", "FullProductID", *LINK_FIELDS)),
    "ExpressionAttributeNames": LINK_FIELDS,
}


class AuditedStates:
    """The products of a time, from the audit table; DynamoDB bills a scan of all of it."""

    note = ""  # the audit has every change that was read from the stream

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        audit: AuditRepository,
        moment: datetime,
        say: Callable[[str], None],
    ) -> None:
        self.events = 0
        self._client = client
        self._table = table
        self._audit = audit
        self._moment = moment
        self._say = say

    def __iter__(self) -> Iterator[State]:
        """The state of each product that is known to have existed then.

        Raises:
            StoreUnavailable: the audit cannot be read now.

        """
        waiting: dict[EventRef, Link] = {}
        entries = get_rows(self._client, "scan", self._table, **_FIELDS)
        for product_id, own in groupby(entries, id_in):  # a scan keeps a partition together
            links = list(readable_entries(link_of, own))
            if product_id.startswith(RESERVED) or not links:
                continue
            self.events += len(links)
            last, first = last_link(links, self._moment), links[0]
            if last is None:
                if first.kind != "inserted" and first.event_name != "INSERT":
                    yield older_than_history(product_id, first.occurred_at)
            elif not last.leaves_nothing:
                waiting[product_id, last.key] = last
            if len(waiting) == _AT_ONCE:
                yield from self._read(waiting)
                waiting = {}
        yield from self._read(waiting)

    def _read(self, chosen: dict[EventRef, Link]) -> Iterator[State]:
        self._say(f"{self.events:,} entries read")
        events = {(one.product_id, one.event_key): one for one in self._audit.each(list(chosen))}
        for ref, link in chosen.items():
            event = events.get(ref)
            if event is None or event.after is None:
                yield without_image(ref[0], link.occurred_at)
            else:
                yield State(ref[0], event.after)
