"""An event has a permanent id, and is a CloudEvent on the wire."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import KINDS, cloud_event, data_of, event_id, rfc3339, split_event_id
from tests.support.builders import LABEL, NOON, an_event, an_item

EVENT_KEY = f"{LABEL}#{'7':0>40}"
product_ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(product_ids)
def test_event_id_round_trips_for_any_product_id(product_id: str) -> None:
    assert split_event_id(event_id(product_id, EVENT_KEY)) == (product_id, EVENT_KEY)


@pytest.mark.parametrize(
    "product_id", ["../x", "a b", "ä/ö?#", "\x00shard#s", "\U0001f4e6", "=" * 9]
)
def test_event_id_is_url_safe(product_id: str) -> None:
    word = event_id(product_id, EVENT_KEY)
    assert set(word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_event_ids_of_two_products_differ() -> None:
    assert event_id("a", f"b{EVENT_KEY}") != event_id("ab", EVENT_KEY)


@pytest.mark.parametrize("suffix", ["~g0001", "~r0042"])
def test_gaps_and_reconciled_entries_have_event_ids(suffix: str) -> None:
    key = EVENT_KEY + suffix
    assert split_event_id(event_id("P1", key)) == ("P1", key)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "nonsense",
        "P1",
        "ä",
        "a" * 10_000,
        "%%%",
        event_id("", EVENT_KEY),
        event_id("P1", ""),
        event_id("P1", f"{LABEL}#7"),
        event_id("P1", EVENT_KEY + "~x0001"),
        event_id("P1", f"#{'7':0>40}"),
        event_id("P1", EVENT_KEY)[:-3],
        event_id("P1", EVENT_KEY) + "\n",
    ],
)
def test_other_strings_are_not_event_ids(word: str) -> None:
    assert split_event_id(word) is None


@pytest.mark.parametrize(
    ("before", "after", "delta"),
    [(12, 9, -3), (9, 12, 3), (0, 5, 5), (5, 0, -5)],
)
def test_delta_is_the_stock_change(before: int, after: int, delta: int) -> None:
    assert an_event(stock_before=before, stock_after=after).delta == delta


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "stock_changed"])
def test_only_a_stock_change_has_a_delta(kind: str) -> None:
    assert an_event(kind=kind).delta is None


def test_delta_is_none_if_one_stock_is_unknown() -> None:
    assert an_event(stock_before=None).delta is None
    assert an_event(stock_after=None).delta is None


def test_event_is_encoded_as_a_cloud_event() -> None:
    event = an_event(1)
    assert cloud_event(event, "My-Products") == {
        "specversion": "1.0",
        "id": event.id,
        "source": "/tables/My-Products",
        "type": "stockpulse.product.stock_changed",
        "subject": "P1",
        "time": "2026-11-03T12:00:00Z",
        "datacontenttype": "application/json",
        "data": data_of(event),
    }


def test_data_has_the_event_s_fields_under_the_same_names() -> None:
    event = an_event(1)
    assert data_of(event) == {
        "id": event.id,
        "event_key": event.event_key,
        "kind": "stock_changed",
        "product_id": "P1",
        "product_name": "Blue mug",
        "category": "Kitchen",
        "before": {
            "ProductID": "P1",
            "ProductName": "Blue mug",
            "Stock": 12,
            "Category": "Kitchen",
        },
        "after": {"ProductID": "P1", "ProductName": "Blue mug", "Stock": 9, "Category": "Kitchen"},
        "images_omitted": False,
        "changed": ["Stock"],
        "stock_before": 12,
        "stock_after": 9,
        "delta": -3,
        "unit": None,
        "actor": "ada",
        "reason": "sold",
        "note": None,
        "reference": None,
        "request_id": "r-1",
        "reverses": None,
        "occurred_at": "2026-11-03T12:00:00Z",
        "event_name": "MODIFY",
        "sequence_number": "100000000000000000001",
        "view_type": "NEW_AND_OLD_IMAGES",
    }


def test_images_missing_in_the_view_type_are_null_but_not_omitted() -> None:
    data = data_of(an_event(before=None, after=None, view_type="KEYS_ONLY"))
    assert (data["before"], data["after"], data["images_omitted"]) == (None, None, False)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [({"images_omitted": True}, True), ({}, False)],
    ids=["omitted in store", "omitted on request"],
)
def test_images_left_out_are_marked_as_omitted(fields: dict[str, Any], *, asked: bool) -> None:
    data = data_of(an_event(**fields), with_images=asked)
    assert (data["before"], data["after"], data["images_omitted"]) == (None, None, True)
    assert data["stock_after"] == 9


def test_event_with_binary_and_large_numbers_is_valid_json() -> None:
    item = an_item(Photo=b"\xff\x00", Serial={"N": "9" * 38}, Ids={"NS": ["9" * 38, "1"]})
    shown = orjson.loads(orjson.dumps(cloud_event(an_event(after=item), "T")))["data"]["after"]
    assert shown == {"ProductID": "P1", "Photo": "/wA=", "Serial": "9" * 38, "Ids": [1, "9" * 38]}


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOON, "2026-11-03T12:00:00Z"),
        (NOON.replace(microsecond=7_000), "2026-11-03T12:00:00.007Z"),
        (NOON.replace(microsecond=999), "2026-11-03T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=-5))), "2026-11-03T12:00:00Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(moment: datetime, said: str) -> None:
    assert rfc3339(moment) == said
    back = datetime.fromisoformat(said).astimezone(UTC)
    assert abs(back - moment) < timedelta(milliseconds=1)
