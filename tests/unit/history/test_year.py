"""The year of history could have happened: a worker would have written these events."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice, pairwise
from typing import Any

import pytest

from app.core.events import KINDS, RESERVED, ChangeEvent
from app.core.item import digest
from app.core.stamps import Stamps
from app.store.audit.audit_repository import Arrived
from app.store.audit.chain import Link, goes_on, void_keys
from tests.support.history.stamping import LABEL
from tests.support.history.year import DAYS, START, Year
from worker.stream.decode import decode

ARN = f"arn:aws:dynamodb:eu-central-1:123456789012:table/Products/stream/{LABEL}"
STAMPS = Stamps("Products", keys={"k": b"k" * 32})
EVENTS, PRODUCTS = 2_000, 120


@pytest.fixture(scope="module")
def year() -> tuple[Year, Sequence[Arrived]]:
    made = Year(EVENTS, PRODUCTS, stamps=STAMPS)
    return made, list(made)


@pytest.fixture
def events(year: tuple[Year, Sequence[Arrived]]) -> list[ChangeEvent]:
    return [event for _, event in year[1]]


def test_equal_seeds_give_equal_events(year: tuple[Year, Sequence[Arrived]]) -> None:
    _, arrived = year
    again, other = (Year(EVENTS, PRODUCTS, seed=seed, stamps=STAMPS) for seed in (1, 2))
    assert list(islice(again, 300)) == arrived[:300]
    assert list(islice(other, 300)) != arrived[:300]


def test_year_has_every_kind_of_event_and_about_the_given_numbers(
    events: list[ChangeEvent],
) -> None:
    kinds = Counter(event.kind for event in events)
    assert kinds.keys() == {*KINDS}
    assert kinds["stock_changed"] > EVENTS / 2
    assert len(events) == EVENTS
    assert 0 <= kinds["inserted"] - PRODUCTS < PRODUCTS / 5
    reasons = {event.reason for event in events if event.kind == "stock_changed"}
    assert reasons >= {"sold", "received", "returned", "damaged", "counted", None}
    took = events[-1].occurred_at - START
    assert abs(took / timedelta(days=DAYS) - 1) < 0.15


def test_cursors_rise_and_some_share_a_row(year: tuple[Year, Sequence[Arrived]]) -> None:
    cursors = [cursor for cursor, _ in year[1]]
    assert all(str(one) < str(other) for one, other in pairwise(cursors))
    assert any(cursor.n for cursor in cursors)


def test_events_equal_those_that_a_worker_decodes(events: list[ChangeEvent]) -> None:
    records = [event for event in events if event.kind not in {"gap", "reconciled"}]
    assert [decode(_record(event), ARN, STAMPS) for event in records] == records
    assert any(event.actor is None for event in records)


def test_every_break_in_a_product_s_chain_is_marked(events: list[ChangeEvent]) -> None:
    chains = defaultdict(list)
    for event in events:
        if not event.product_id.startswith(RESERVED):
            chains[event.product_id].append(_link(event))
    void = set()
    for links in chains.values():
        assert all(one.key < other.key for one, other in pairwise(links))
        void |= void_keys(links)
        for place in range(1, len(links)):
            link = links[place]
            assert goes_on(links[:place], link.before, link.occurred_at), link
    reconciled = sum(event.kind == "reconciled" for event in events)
    assert 0 < len(void) < reconciled


def test_some_products_come_back_and_some_are_sold_by_weight(events: list[ChangeEvent]) -> None:
    restored = {event.product_id for event in events if event.note == "deleted by mistake"}
    deleted = {event.product_id for event in events if event.kind in {"deleted", "expired"}}
    assert restored & deleted
    assert any(event.delta % 1 for event in events if event.delta is not None)


def test_items_are_those_that_the_last_events_left(year: tuple[Year, Sequence[Arrived]]) -> None:
    made, arrived = year
    last = {event.product_id: event.product_after for _, event in arrived}
    assert {name: item for name, item in last.items() if item is not None} == made.items


def _record(event: ChangeEvent) -> dict[str, Any]:
    """The stream record of an event."""
    images = {"OldImage": event.before, "NewImage": event.after}
    by_ttl = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return {
        "eventName": event.event_name,
        "dynamodb": {
            "ApproximateCreationDateTime": event.occurred_at,
            "Keys": {"ProductID": {"S": event.product_id}},
            **{name: image for name, image in images.items() if image is not None},
            "SequenceNumber": event.sequence_number,
            "StreamViewType": event.view_type,
        },
        **({"userIdentity": by_ttl} if event.kind == "expired" else {}),
    }


def _link(event: ChangeEvent) -> Link:
    before, after = event.product_before, event.product_after
    return Link(
        key=event.event_key,
        kind=event.kind,
        event_name=event.event_name,
        view_type=event.view_type,
        before=None if before is None else digest(before),
        after=None if after is None else digest(after),
        occurred_at=event.occurred_at,
        request_id=event.request_id,
    )
