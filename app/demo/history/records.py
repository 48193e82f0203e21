"""A change becomes the same stream records as a real write by Stockpulse. Pure.

They include both images, the stamps, and the mark before a delete. Only the stream's label
differs from a real one: it sorts before all of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from app.core.item import Item
from app.core.item import stock as stock_of
from app.core.stamps import Stamps
from app.demo.simulation.change import Change, Drop, Edit, Launch, Move
from app.store.products.expressions import mark_delete, put_new, update
from app.store.products.field_values import changes_to
from app.store.products.model import Stamp, product_of

LABEL = "0000-demo"

_FIRST_NUMBER = 10**20  # 21 digits, the length of the shortest real ones (stream fact 16)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One stream record's content."""

    name: str
    before: Item | None
    after: Item | None


def stream_arn(table: str) -> str:
    """The ARN of the stream that the records appear to come from."""
    return f"arn:aws:dynamodb:local:000000000000:table/{table}/stream/{LABEL}"


class Ledger:
    """The simulated products table; `items` holds each product after its latest change."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps
        self._names = stamps.names
        self._numbers = count(1)
        self.items: dict[str, Item] = {}

    def records(self, changes: Iterable[Change]) -> Iterator[Record]:
        """The records of these changes, in order, each as GetRecords returns it."""
        for number, change in enumerate(changes, 1):
            for step in self.steps(change, change.stamp(f"demo-{number:08d}")):
                yield self._record(change, step)

    def steps(self, change: Change, stamp: Stamp) -> list[Step]:
        """What the change's records say: two records for a deletion, else one."""
        names, now = self._names, change.at
        match change.action:
            case Launch(draft):
                after = put_new(draft, stamp, now, self._stamps)
                self.items[change.product_id] = after
                return [Step("INSERT", None, after)]
            case Move(delta):
                stock = stock_of(self.items[change.product_id], names)
                return [self._update(change, stamp, {"stock": (stock or 0) + delta})]
            case Edit(fields):
                product = product_of(self.items[change.product_id], names)
                return [self._update(change, stamp, changes_to(product, fields))]
            case Drop():
                before = self.items.pop(change.product_id)
                _, marked = mark_delete(before, stamp, now, self._stamps)
                return [Step("MODIFY", before, marked), Step("REMOVE", marked, None)]

    def _update(self, change: Change, stamp: Stamp, fields: dict[str, Any]) -> Step:
        before = self.items[change.product_id]
        _, after = update(before, fields, stamp, change.at, self._stamps)
        self.items[change.product_id] = after
        return Step("MODIFY", before, after)

    def _record(self, change: Change, step: Step) -> Record:
        number = next(self._numbers)
        images = {"OldImage": step.before, "NewImage": step.after}
        return {
            "eventID": f"{number:032x}",
            "eventName": step.name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "local",
            "dynamodb": {
                "ApproximateCreationDateTime": _whole_second(change.at),
                "Keys": self._names.key.key_of(change.product_id),
                **{name: image for name, image in images.items() if image is not None},
                "SequenceNumber": str(_FIRST_NUMBER + number),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }


def _whole_second(moment: datetime) -> datetime:
    """Streams give creation times in whole seconds (stream fact 17)."""
    return moment.replace(microsecond=0)
