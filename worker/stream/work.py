"""What a reader asks of those who take its records: take a page, and say how much is durable."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.store.leases import Hold, Lease
from worker.stream.decode import UNKNOWN, identify

Take = Callable[[Sequence[Any], str], None]


class Work(Protocol):
    """One shard's records, for as long as one lease lasts."""

    def process(self, records: Sequence[Any]) -> None:
        """Take a page; on return it is audited and published, or parked.

        Raises:
            Stopped: the worker is ending; the page will be read again.
            LeaseLost: the shard is another's; the page was dropped.

        """

    def durable(self) -> str | None:
        """The greatest sequence number up to which every sink is done; None: none yet."""

    def end(self) -> None:
        """The shard is let go, or lost: nothing more of this work may begin."""


MakeWork = Callable[[Lease, Hold], Work]


def last_number(records: Sequence[Any]) -> str | None:
    """The last sequence number that is legible in a page."""
    numbers = (identify(record)[1] for record in reversed(records))
    return next((number for number in numbers if number != UNKNOWN), None)


class InOrder:
    """Work that is durable as soon as it was taken."""

    def __init__(self, take: Take, stream_arn: str) -> None:
        self._take = take
        self._arn = stream_arn
        self._durable: str | None = None

    def process(self, records: Sequence[Any]) -> None:
        """Take a page."""
        self._take(records, self._arn)
        self._durable = last_number(records) or self._durable

    def durable(self) -> str | None:
        """The last number taken."""
        return self._durable

    def end(self) -> None:
        """Nothing is under way."""
