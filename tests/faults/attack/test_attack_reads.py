"""A product with 20,000 events is asked for its past and has an old event reversed, in short time.

FAULT_EVENTS is the number of events. The trial prints how long the requests take, and how many
calls to the store they make.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.client import BaseClient

from app.core.events import rfc3339
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import ROW_LIMIT, Feed
from tests.support.builders import an_event
from tests.support.processes.running import App

EVENTS = int(os.environ.get("FAULT_EVENTS", "20000"))
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
TRIES = 5
SECONDS = 0.5  # that a request may take, also on a loaded machine


def fill(app: App) -> list[str]:
    """Write the audit of a product whose stock has changed once in each of so many seconds."""
    names = app.services.settings.table_names
    feed, signer = Feed(app.tables, names.feed), Signer("k", b"k" * 32)
    audit = AuditRepository(app.tables, names.audit, feed, signer, CursorClock(0).stamp)
    # With the time of its creation: a product that was created again is not reversed.
    item = app.tables.get_item(TableName=names.products, Key={"ProductID": {"S": "P"}})["Item"]
    ids = []
    for first in range(1, EVENTS + 1, ROW_LIMIT):
        numbers = range(first, min(first + ROW_LIMIT, EVENTS + 1))
        events = [
            an_event(
                number,
                event_key=f"2025-01-01T00:00:00.000#{10**20 + number:040d}",
                product_id="P",
                before=item | {"Stock": {"N": f"{number + 3}"}},
                after=item | {"Stock": {"N": f"{number}"}},
                stock_before=number + 3,
                stock_after=number,
                occurred_at=BEGAN + timedelta(seconds=number),
            )
            for number in numbers
        ]
        audit.append(events)
        ids += [event.id for event in events]
    return ids


@contextmanager
def calls() -> Iterator[list[str]]:
    """The calls to the audit table while the block runs."""
    made: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - all clients

    def counting(self: Any, operation: str, request: Any) -> Any:
        if any(name.endswith("ProductEvents") for name in _tables(request)):
            made.append(operation)
        return call(self, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counting)
        yield made


def _tables(request: Any) -> list[str]:
    return [request.get("TableName", ""), *request.get("RequestItems", ())]


def timed(name: str, ask: Callable[[int], httpx.Response]) -> float:
    """The median time of a few requests, in seconds."""
    took, made = [], []
    for number in range(TRIES):
        with calls() as seen:
            began = time.perf_counter()
            answer = ask(number)
            took.append(time.perf_counter() - began)
        made.append(len(seen))
        assert answer.status_code == 200, answer.text
    median = statistics.median(took)
    print(f"{name}: {median * 1000:.0f} ms, {max(made)} calls to the audit table at most")
    return median


def test_past_and_reversal_of_a_product_with_many_events_take_no_longer(app: App) -> None:
    app.create("P", 1000)
    print(f"\na product with {EVENTS} events:")
    ids = fill(app)

    def as_of(second: int) -> httpx.Response:
        moment = BEGAN + timedelta(seconds=second)
        answer = app.http.get("/v1/products/P", params={"as_of": rfc3339(moment)})
        assert answer.json()["stock"] == second, answer.text
        return answer

    took = [
        timed("as_of near the end", lambda n: as_of(EVENTS - 30 - n)),
        timed("as_of a quarter back", lambda n: as_of(EVENTS * 3 // 4 + n)),
        timed("as_of far back", lambda n: as_of(5 + n)),
        timed(
            "reversal of an old event",
            lambda n: app.http.post(f"/v1/events/{ids[n]}/reversals", json={}),
        ),
    ]
    assert max(took) < SECONDS
