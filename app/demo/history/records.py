"""A change becomes the stream records that our own write would have left. Pure.

Both images, the stamps, the mark before a delete: whoever reads the records cannot tell
them from a table's (but for the stream's name, which sorts before every real one's).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from app.core.item import AttributeNames, Item
from app.core.item import stock as stock_of
from app.demo.simulation.change import Change, Drop, Edit, Launch, Move
from app.store.products.expressions import Condition, delete_marks, put_new, update
from app.store.products.model import Stamp, changes_to, product_of


class NoPast(Exception):
    """A past cannot be made here; the message says what to do."""


LABEL = "0000-demo"

_FIRST_NUMBER = 10**20  # 21 digits, as the shortest real ones have (FACTS §1.16)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One stream record's content."""

    name: str
    before: Item | None
    after: Item | None


def stream_arn(table: str) -> str:
    """The name of the stream that the records seem to come from."""
    return f"arn:aws:dynamodb:local:000000000000:table/{table}/stream/{LABEL}"


class Ledger:
    """The products table as the changes leave it; made up, one item after the other."""

    def __init__(self, names: AttributeNames) -> None:
        self._names = names
        self._numbers = count(1)
        self.items: dict[str, Item] = {}

    def records(self, changes: Iterable[Change]) -> Iterator[Record]:
        """The records of these changes, in their order, each as GetRecords gives it."""
        for number, change in enumerate(changes, 1):
            for step in self._steps(change, change.stamp(f"demo-{number:08d}")):
                yield self._record(change, step)

    def _steps(self, change: Change, stamp: Stamp) -> list[Step]:
        names, now = self._names, change.at
        match change.action:
            case Launch(draft):
                after = put_new(draft, stamp, now, names)
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
                marks = delete_marks(stamp, now).items()
                marked = {**before, **{name: mark for name, mark in marks if mark is not None}}
                return [Step("MODIFY", before, marked), Step("REMOVE", marked, None)]

    def _update(self, change: Change, stamp: Stamp, fields: dict[str, Any]) -> Step:
        before = self.items[change.product_id]
        _, after = update(before, fields, Condition(()), stamp, change.at, self._names)
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
                "Keys": {self._names.key: {"S": change.product_id}},
                **{name: image for name, image in images.items() if image is not None},
                "SequenceNumber": str(_FIRST_NUMBER + number),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }


def _whole_second(moment: datetime) -> datetime:
    """As the service gives it (FACTS §1.17)."""
    return moment.replace(microsecond=0)
