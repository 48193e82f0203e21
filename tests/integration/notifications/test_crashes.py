"""A process that is killed at any step loses no notice, and keeps the order of each product."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.core.rules.rule import Recipient, What
from app.notifications.channels.channel import NotNow
from app.notifications.notice import Message
from app.store.audit.audit_repository import AuditRepository
from app.store.dynamodb.client import Clients, connect
from app.store.feed.cursor import Cursor, CursorClock
from app.store.feed.feed import Feed
from app.store.timeline.event_readers import AllEvents
from tests.integration.notifications.kit import Desk
from tests.support.waiting import until
from worker.consumers.sink import Sink, Unavailable

Arrived = list[tuple[Cursor, ChangeEvent]]


class Killed(BaseException):
    """The process is gone: nothing after this point runs."""


class Dying:
    """A client of DynamoDB that works until a call, which is made or not made, and never again."""

    def __init__(self, client: Any, calls: int, *, answered: bool) -> None:
        self._client = client
        self._left = calls
        self._answered = answered  # whether the last call reaches the store

    @property
    def is_dead(self) -> bool:
        return self._left < 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in {"put_item", "transact_write_items", "batch_write_item", "delete_item"}:
            return found

        def call(**request: Any) -> Any:
            self._left -= 1
            if self._left >= 0:
                return found(**request)
            if self._left == -1 and self._answered:
                found(**request)
            raise Killed

        return call


def events_of(desk: Desk, count: int) -> Arrived:
    """The shop's events, once there are so many."""
    feed = Feed(desk.client, desk.shop.names.feed)
    signer = desk.deployment.signer
    stamp = CursorClock(0).stamp
    audit = AuditRepository(desk.client, desk.shop.names.audit, feed, signer, stamp)

    def read() -> Arrived:
        return list(AllEvents(feed, audit).newest_first(None, None))[::-1]

    found: Arrived = until(lambda: some if len(some := read()) >= count else None)
    return found


def deliver(sink: Sink, events: Arrived) -> None:
    """One batch, as the consumer makes it: again while the sink cannot take it."""
    assert sink.deliver_placed is not None
    deliver_placed: Callable[[Any], Any] = sink.deliver_placed

    def accepted() -> bool:
        try:
            deliver_placed(events)
        except Unavailable:
            return False
        return True

    until(accepted)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("answered", [False, True])
def test_a_kill_at_any_write_loses_nothing(desk: Desk, *, answered: bool) -> None:
    """Each recipient is down at first, so that rows are made, moved and deleted."""
    desk.rule(What(), "ann")
    desk.rule(What(), "program", channel="hook")
    with desk.writer():
        desk.shop.put("p1", *range(6))
        desk.shop.put("p2", *range(6))
        events = events_of(desk, 12)
    batches = [events[:4], events[4:8], events[8:]]
    for calls in range(6):
        done = run_and_kill(desk, batches, calls, answered=answered)
        with desk.sink(cap=100) as sink:
            for batch in batches[done:]:
                deliver(sink, batch)
            until(lambda: held(sink) and not desk.rows())
        for got, address in ((desk.mail, "ann"), (desk.hook, "program")):
            first = list(dict.fromkeys(got.notices(address)))
            assert_complete(first, [event for _, event in events], calls)
            got.got.clear()


def assert_complete(told: Sequence[str], events: Sequence[ChangeEvent], calls: int) -> None:
    """Each event was told, and those of a product first in their order."""
    assert set(told) == {event.id for event in events}, f"killed after {calls} writes"
    for product_id in {event.product_id for event in events}:
        wanted = [event.id for event in events if event.product_id == product_id]
        assert [one for one in told if one in wanted] == wanted, f"killed after {calls} writes"


def run_and_kill(desk: Desk, batches: Sequence[Arrived], calls: int, *, answered: bool) -> int:
    """Deliver with a process that is killed after some writes; returns the batches it took."""
    dying = Dying(connect(desk.shop.settings.dynamodb).tables, calls, answered=answered)
    clients = Clients(dying, desk.deployment.clients.streams)  # type: ignore[arg-type]
    fails = {"ann": 1, "program": 1}

    def before(recipient: Recipient, _message: Message) -> None:
        if dying.is_dead:
            raise Killed
        if fails[recipient.address]:
            fails[recipient.address] -= 1
            raise NotNow("450 greylisted")

    boxes = [replace(one, before=before) for one in (desk.mail, desk.hook)]
    done = 0
    with (
        suppress(Killed),
        desk.sink(replace(desk.deployment, clients=clients), cap=100, boxes=boxes) as sink,
    ):
        with suppress(Unavailable):
            for batch in batches:
                assert sink.deliver_placed is not None
                sink.deliver_placed(batch)
                done += 1
        until(lambda: dying.is_dead or (held(sink) and not desk.rows()))
    return done


def held(sink: Sink) -> bool:
    """Let the sink's threads work on, as the consumer does between its reads."""
    assert sink.clock is not None
    return sink.clock(0) > 0
