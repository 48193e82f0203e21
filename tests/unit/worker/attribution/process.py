"""A web process writes with the real repository; its calls can fail, its clock can be wrong."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any, cast

from app.core.errors import StockpulseError
from app.core.stamps import Stamps
from app.store.dynamodb.store_clock import StoreClock
from app.store.products.changes import WHOLE_UNITS
from app.store.products.model import Stamp
from app.store.products.product_repository import ProductRepository
from app.store.products.reversal.reversals import Reversals
from tests.support.fakes.fake_errors import lost_answer
from tests.unit.worker.attribution.world import Act, Author, World

Trouble = Callable[[Callable[[], Any]], Any]  # carries out a transaction, or does not


class Crash(BaseException):
    """The process ends here."""


def crash_before(_: Callable[[], Any]) -> Any:
    raise Crash


def crash_after(call: Callable[[], Any]) -> Any:
    call()
    raise Crash


def lose_answer(call: Callable[[], Any]) -> Any:
    call()
    raise lost_answer()


def no_trouble(call: Callable[[], Any]) -> Any:
    return call()


class Process:
    """A repository of one table, and the client that it calls."""

    def __init__(self, world: World, stamps: Stamps, skew: float) -> None:
        self._world = world
        self.skew = skew  # seconds by which the host's clock is ahead of the store's
        self._table = stamps.table
        self._troubles: list[Trouble] = []
        self.meta = SimpleNamespace(events=self)
        self._clock = StoreClock(cast("Any", self), self._host)
        self.use(stamps)
        self.call_the_store()

    def use(self, stamps: Stamps) -> None:
        """Restart with other keys."""
        self._products = ProductRepository(
            cast("Any", self),
            stamps,
            marks_deletes=self._world.view == "NEW_AND_OLD_IMAGES",
            was_known=lambda _: False,
            now=self._now,
        )
        self.reversals = Reversals(self._products, stamps, WHOLE_UNITS, self._now, lambda *_: None)

    def call_the_store(self) -> None:
        """Make a call, as a running process does all the time."""
        self.get_item(TableName=self._table, Key={"ProductID": {"S": "-"}})

    def write(
        self,
        author: Author,
        troubles: list[Trouble],
        call: Callable[[ProductRepository, Stamp], object],
        *,
        deletes: bool = False,
    ) -> None:
        """Carry out one request; it may be refused, fail or crash."""
        self._troubles = list(troubles)
        stamp = Stamp(
            actor=author.actor or "",
            request_id=author.request_id or "",
            reason=author.reason,
            note=author.note,
            reference=author.reference,
            reverses=author.reverses,
        )
        with self._world.acting(Act(author, deletes)), suppress(StockpulseError, Crash):
            call(self._products, stamp)

    # The methods of boto3's client that the repository and its clock use.

    def register(self, _event: str, learn: Any) -> None:
        self._learn = learn

    def get_item(self, **request: Any) -> Any:
        return self._answered(self._world.tables.get_item(**request))

    def transact_write_items(self, **request: Any) -> Any:
        trouble = self._troubles.pop(0) if self._troubles else no_trouble
        answer = trouble(lambda: self._world.tables.transact_write_items(**request))
        return self._answered(answer)

    def _answered(self, answer: Any) -> Any:
        date = formatdate(self._world.now, usegmt=True)
        self._learn(http_response=SimpleNamespace(headers={"Date": date}))
        return answer

    def _host(self) -> datetime:
        return datetime.fromtimestamp(self._world.now, UTC) + timedelta(seconds=self.skew)

    def _now(self) -> datetime:
        self._world.stamping()
        return self._clock.now()
