"""Simulated records decode as real ones do: an unbroken chain, and stamps that are accepted."""

from collections import Counter
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from app.core.events import ChangeEvent, split_event_id
from app.core.item import AttributeNames, Item
from app.core.keys import KeyPart, KeySchema
from app.core.stamps import Stamps
from app.demo.history.records import LABEL, Ledger, stream_arn
from app.demo.simulation.shop import changes, monday_morning
from app.store.products.model import product_of
from worker.stream.decode import decode

ZONE = ZoneInfo("UTC")
NAMES = AttributeNames(KeySchema(KeyPart("sku")), "title", "on_hand")
STAMPS = Stamps("shelf", NAMES, {"k": b"k" * 32})
History = tuple[Ledger, list[ChangeEvent]]


@pytest.fixture(scope="module")
def decoded() -> History:
    ledger = Ledger(STAMPS)
    records = ledger.records(islice(changes(5, monday_morning(ZONE), ZONE), 3_000))
    return ledger, [decode(record, stream_arn("shelf"), STAMPS) for record in records]


def test_events_of_each_product_form_a_chain_that_ends_in_its_item(decoded: History) -> None:
    ledger, events = decoded
    last: dict[str, Item | None] = {}
    for event in events:
        assert event.before == last.get(event.product_id)
        last[event.product_id] = event.after
    assert {key: item for key, item in last.items() if item is not None} == ledger.items
    assert Counter(event.kind for event in events).keys() == {
        "inserted",
        "stock_changed",
        "updated",
        "internal",
        "deleted",
    }


def test_every_change_has_an_actor(decoded: History) -> None:
    _, events = decoded
    shown = [event for event in events if event.kind != "internal"]
    assert all(event.actor for event in shown)
    assert all(event.reason for event in shown if event.kind == "stock_changed")
    assert len({event.request_id for event in shown}) == len(shown)


def test_keys_and_times_only_grow_and_sort_before_those_of_real_streams(decoded: History) -> None:
    _, events = decoded
    assert all(one.event_key < other.event_key for one, other in pairwise(events))
    assert all(one.occurred_at <= other.occurred_at for one, other in pairwise(events))
    assert all(event.event_key < "2012-01-18T00:00:00.000#" for event in events)
    assert events[0].event_key.partition("#")[0] == LABEL
    assert split_event_id(events[0].id) == (events[0].product_id, events[0].event_key)


def test_items_use_the_table_s_attribute_names(decoded: History) -> None:
    ledger, _ = decoded
    product = product_of(next(iter(ledger.items.values())), NAMES)
    assert product.name
    assert product.stock is not None
    assert product.price is not None
    assert product.barcode
    assert product.tags
    assert product.attributes == {}
    assert product.version >= 1
