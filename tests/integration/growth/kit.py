"""The application without a worker, over tables that a test fills; each request's reads count."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.client import BaseClient

from app.bootstrap import web
from app.bootstrap.broker_feed import BrokerFeed
from app.config.signing import audit_keys
from app.core.events import event_id
from app.core.roles import Role
from app.store.access.admin_log import AdminLog
from app.store.access.api_keys import ApiKeys
from app.store.access.key_row import ApiKey
from app.store.alerts.alert_repository import AlertRepository
from app.store.alerts.decision import Seen, after_event
from app.store.alerts.levels import Levels
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.deployment import CONSUMER
from app.store.dynamodb.batches import Put, put_all
from app.store.dynamodb.client import connect
from app.store.feed.cursor import Cursor, CursorClock
from app.store.feed.feed import Feed
from app.web.services import DemoSwitch, Services
from app.web.system import snapshot
from tests.integration.growth.rule_rows import delivery, rule_puts, sending_nothing
from tests.support.builders import an_event, an_item
from tests.support.open_site import send
from tests.support.processes.routed import routed
from tests.support.processes.running import settings_for
from tests.support.waiting import until

# One event a second, all on one UTC day.
BEGAN = datetime.combine(datetime.now(UTC) - timedelta(days=1), time(12), UTC)
_ARRIVE = 10  # events at a time

# Pools that work for requests. The keys and the state that each page shows are read at a pace of
# their own, by other threads: they are measured apart.
FOR_REQUESTS = ("barcodes", "send-now")

_in_request = ContextVar("_in_request", default=False)


@dataclass(frozen=True)
class Cost:
    """What a request asked of the store: calls, rows that these read, and the kinds of calls."""

    calls: int
    rows: int
    made: Mapping[str, int] = field(default_factory=dict, compare=False)


class Shop:
    """A deployment with a growing number of everything; product `P` has all events."""

    def __init__(self, services: Services, tables: Any) -> None:
        self.services = replace(
            services,
            demo=DemoSwitch(lambda: None, lambda: None, lambda: False),
            rule_desk=replace(services.rule_desk, **sending_nothing(services)),
            test_sink=lambda name, actor, once: (
                services.store.sinks.note_test(name, actor, "accepted", once) or "accepted"
            ),
            rebuild_sink=lambda name, actor, once: (
                services.store.sinks.note_rebuild(name, actor, "begun", once) or "begun"
            ),
        )
        self.names = services.settings.table_names
        self.app = routed(self.services)
        self._tables = tables
        self.authenticator = services.access.authenticator
        self.key: ApiKey
        keys = ApiKeys(tables, self.names.settings, audit_keys(services.settings))
        self.key, secret = keys.create("a", Role.ADMIN, None, "t")
        self.secret = secret.text
        self.authenticator.key_cache.forget()
        self._ms = 0
        feed = Feed(tables, self.names.feed)
        clock = CursorClock(0, lambda: self._ms)
        signer = Signer("k", b"k" * 32)
        self._audit = AuditRepository(tables, self.names.audit, feed, signer, clock.stamp)
        self._letters = DeadLetters(tables, self.names.dead_letters)
        self.cursors: list[Cursor] = []
        self.events: list[str] = []
        self.letters: list[str] = []
        self.alerts: list[str] = []
        sink = {"Consumer": {"S": CONSUMER}, "Shard": {"S": "~sink webhook"}}
        sink |= {"Cursor": {"S": str(Cursor(1, "00000000", 0))}}
        tables.put_item(TableName=self.names.checkpoints, Item=sink)
        product = an_item("P", ProductName="Mug", Stock=1000, Barcode="1")
        tables.put_item(TableName=self.names.products, Item=product)

    def grow(self, to: int) -> None:
        """Add products, events, gaps, letters, admin actions and ended sessions, up to so many."""
        numbers = range(len(self.events) + 1, to + 1)
        images = {
            "before": an_item("P", ProductName="Mug", Stock=12),
            "after": an_item("P", ProductName="Mug", Stock=9),
        }
        for start in range(0, len(numbers), _ARRIVE):
            events = [
                an_event(n, product_id="P", occurred_at=BEGAN + timedelta(seconds=n), **images)
                for n in numbers[start : start + _ARRIVE]
            ]
            self._ms = int(events[-1].occurred_at.timestamp() * 1000)
            self.cursors += [cursor for cursor, _ in self._audit.append(events).arrived]
            self.events += [event.id for event in events]
        gap = {"kind": "gap", "product_id": "G", "occurred_at": BEGAN}
        for number in numbers[::10]:
            self._audit.append_if_absent(an_event(number, **gap))
        letters = [
            Letter(sink="webhook", product_id=f"g{n}", event_key=f"k#{n:040d}", error="no")
            for n in numbers
        ]
        self._letters.park(letters)
        self.letters += [letter.id for letter in letters]
        alerts = AlertRepository(self._tables, self.names.settings)
        low = Levels(Decimal(1), Decimal(5))
        known = alerts.get_all(f"g{n}" for n in numbers)
        for n, product in zip(numbers, known.values(), strict=True):
            alerts.save(product, after_event(product, Seen("", n, low)))
            self.alerts.append(event_id(f"g{n}", "low-1"))
        trail = AdminLog(self._tables, self.names.settings)
        expires = {"ExpiresAt": {"N": "99999999999"}}
        self._put(
            [
                *((self.names.products, an_item(f"g{n}", Stock=n)) for n in numbers),
                *((self.names.settings, trail.entry("t", "x")["Put"]["Item"]) for _ in numbers),
                *(
                    (
                        self.names.settings,
                        {"Kind": {"S": "ended-session"}, "ID": {"S": f"1700000000000-s{n}"}}
                        | expires,
                    )
                    for n in numbers
                ),
            ]
        )
        self._put(rule_puts(self.names.settings, numbers))
        deliveries = [delivery(n, self.events[0]) for n in numbers]
        self.services.store.deliveries.add(deliveries)
        self.authenticator.key_cache.forget()
        self.authenticator.key_cache.current()  # sessions that ended are read once

    def _put(self, puts: list[Put]) -> None:
        for start in range(0, len(puts), 25):
            put_all(self._tables, puts[start : start + 25])

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"} | request.pop("headers", {})
        return send(self.app, method, path, {}, headers=headers, **request)

    def cost(self, method: str, path: str, **request: Any) -> tuple[httpx.Response, Cost]:
        """The response, and its cost when nothing is cached, without `key_cost`, `state_cost`."""
        self.authenticator.key_cache.forget()
        self.services.system.expire()
        self.services.store.alert_lists._lists.clear()  # noqa: SLF001 - the first page costs most
        with counted(FOR_REQUESTS) as reads:
            answer = copy_context().run(self._ask_counted, method, path, **request)
        return answer, cost_of(reads)

    def _ask_counted(self, method: str, path: str, **request: Any) -> httpx.Response:
        _in_request.set(True)
        return self.ask(method, path, **request)

    def key_cost(self) -> Cost:
        """The cost of reading the keys and the ended sessions after a first time."""
        self.authenticator.key_cache.forget()
        with counted(("key-",)) as reads:
            self.authenticator.key_cache.current()
        return cost_of(reads)

    def state_cost(self) -> Cost:
        """The cost of the System page, which waits for all that it shows."""
        self.services.system.expire()
        with counted(("system-",)) as reads:
            assert self.ask("GET", "/system").status_code == 200
        return cost_of(reads)


def cost_of(reads: Sequence[tuple[str, int]]) -> Cost:
    """The cost of these calls."""
    return Cost(len(reads), sum(rows for _, rows in reads), Counter(name for name, _ in reads))


@contextmanager
def counted(threads: tuple[str, ...]) -> Iterator[list[tuple[str, int]]]:
    """Each call to a table for a request or in threads of these names, and the rows it reads."""
    reads: list[tuple[str, int]] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - all clients

    def counting(self: Any, operation: str, request: Any) -> Any:
        answer = call(self, operation, request)
        if _in_request.get() or threading.current_thread().name.startswith(threads):
            tables = request.get("TableName") or [*request.get("RequestItems", ())]
            reads.append((f"{operation} {tables}", _rows(answer)))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counting)
        yield reads


def _rows(answer: Mapping[str, Any]) -> int:
    responses = sum(map(len, answer.get("Responses", {}).values()))
    return int(answer.get("ScannedCount", len(answer.get("Items", ())))) + responses


@contextmanager
def open_shop(endpoint: str, folder: Path) -> Iterator[Shop]:
    """A shop in which nothing but requests calls the store."""

    @contextmanager
    def without_worker(*parts: Any) -> Iterator[BrokerFeed]:
        parts[4].load()
        yield BrokerFeed("none", lambda: None, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "feed_broker", without_worker)
        patch.setattr(snapshot, "PATIENCE", 60)  # seconds
        with web.running(settings_for(endpoint, folder)) as services:
            until(lambda: services.read_model.state.events.filled)
            services.read_model.follower.__exit__()  # it polls the feed
            clients = connect(endpoint)
            yield Shop(services, clients.tables)
            clients.tables.close()
            clients.streams.close()
