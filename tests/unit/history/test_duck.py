"""The independent figures are right for an export that a person can add up."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.history.duck import DuckFigures

BEGIN, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (2026, 2027))
_numbers = count(1)


def an_export(*data: dict[str, Any]) -> str:
    return "\n".join(json.dumps({"specversion": "1.0", "data": one}) for one in data)


def change(
    at: str, before: int | str | None, after: int | str | None, **fields: Any
) -> dict[str, Any]:
    """A change of P1's stock at a time of 2026; None: there is no product."""
    product_id = fields.get("product_id", "P1")
    price = fields.pop("price", "2.5")
    images = [
        None if stock is None else {"ProductID": product_id, "Price": price, "Stock": stock}
        for stock in (before, after)
    ]
    kind = "inserted" if before is None else "deleted" if after is None else "stock_changed"
    delta = Decimal(after or 0) - Decimal(before or 0)
    return {
        "product_id": product_id,
        "event_key": f"label#{next(_numbers):040d}",
        "kind": kind,
        "category": "Kitchen",
        "before": images[0],
        "after": images[1],
        "delta": int(delta) if delta == int(delta) else str(delta),
        "actor": "ada",
        "reason": "sold",
        "occurred_at": f"2026-{at}Z",
        "unit": "no figure needs this",
    } | fields


def test_order_of_attributes_makes_no_difference(tmp_path: Path) -> None:
    first, early = change("02-01T10:00:00", None, 9), reconciled("02-02T10:00:00", 9, 8)
    late = change("02-03T10:00:00", 9, 8)
    stamp = {"version": 1, "actor": "ada"}
    early["before"] |= {"Stockpulse": stamp}
    late["before"] = {"Stockpulse": dict(reversed(stamp.items()))} | late["before"]
    with figures(tmp_path, first, early, late) as found:
        assert [key for _, key in found.matching("void")] == [early["event_key"]]


def reconciled(at: str, before: int | None, after: int | None, **fields: Any) -> dict[str, Any]:
    found = {"kind": "reconciled", "delta": None, "actor": None, "reason": None}
    return change(at, before, after, **found, **fields)


def figures(folder: Path, *data: dict[str, Any]) -> DuckFigures:
    export = folder / "events.ndjson"
    export.write_text(an_export(*data))
    return DuckFigures(export, folder)


@pytest.mark.parametrize(
    ("zone", "before", "first", "last", "after"),
    [
        # The day has 23 hours in Berlin and 25 in St. John's, where an hour's offset has a half.
        ("Europe/Berlin", "03-28T22:59:59", "03-28T23:00:00", "03-29T21:59:59", "03-29T22:00:00"),
        (
            "America/St_Johns",
            "11-01T02:29:59",
            "11-01T02:30:00",
            "11-02T03:29:59",
            "11-02T03:30:00",
        ),
        ("Asia/Kolkata", "06-09T18:29:59", "06-09T18:30:00", "06-10T18:29:59", "06-10T18:30:00"),
    ],
)
def test_day_is_one_of_the_time_zone(
    tmp_path: Path, zone: str, before: str, first: str, last: str, after: str
) -> None:
    changes = [change(at, 5, 4) for at in (before, first, last, after)]
    with figures(tmp_path, *changes) as found:
        assert [found.per_day(zone)[day] for day in sorted(found.per_day(zone))] == [1, 2, 1]
        units = [out for _, (_, out) in sorted(found.movement(zone, BEGIN, END).items())]
        assert units == [1, 2, 1]


def test_quarters_of_an_hour_are_counted(tmp_path: Path) -> None:
    times = ("10:00:00", "10:14:59", "10:15:00", "11:59:59")
    with figures(tmp_path, *(change(f"02-01T{time}", 5, 4) for time in times)) as found:
        quarters = ((10, 0), (10, 15), (11, 45))
        first, second, last = (datetime(2026, 2, 1, *time, tzinfo=UTC) for time in quarters)
        assert found.per_quarter(BEGIN, END) == {first: 2, second: 1, last: 1}


def test_units_are_exact_and_by_reason_and_category(tmp_path: Path) -> None:
    with figures(
        tmp_path,
        change("02-01T10:00:00", None, 10, reason="received"),
        change("02-01T11:00:00", 10, "9.9"),
        change("02-01T12:00:00", "9.9", "9.7", category=None),
        change("02-01T13:00:00", "9.7", "9.7", kind="updated", delta=None),
        change("02-01T14:00:00", "9.7", "9.9", reason=None),
        change("02-01T15:00:00", "9.9", None, reason=None),
    ) as found:
        day = date(2026, 2, 1)
        assert found.movement("UTC", BEGIN, END) == {
            (day, "received", "Kitchen"): (10, 0),
            (day, "sold", "Kitchen"): (0, Decimal("0.1")),
            (day, "sold", None): (0, Decimal("0.2")),
            (day, None, "Kitchen"): (Decimal("0.2"), Decimal("9.9")),
        }
        assert found.moved(BEGIN, END) == {"P1": (Decimal("10.2"), Decimal("10.2"))}
        assert found.kinds(BEGIN, END) == {
            "inserted": 1,
            "stock_changed": 3,
            "updated": 1,
            "deleted": 1,
        }
        noon = datetime(2026, 2, 1, 12, tzinfo=UTC)
        assert found.moved(BEGIN, noon, "sold") == {"P1": (0, Decimal("0.1"))}
        assert len(found.matching("reason = $reason AND actor = 'ada'", reason="sold")) == 3


def test_catalogue_is_what_the_last_events_left(tmp_path: Path) -> None:
    with figures(
        tmp_path,
        change("02-01T10:00:00", None, 10),
        change("02-01T10:00:00", None, 1, product_id="P2"),
        change("02-02T10:00:00", 10, 4),
        change("02-03T10:00:00", 4, None),
        change("02-04T10:00:00", None, 7),
    ) as found:
        stocks = {
            day: {
                name: item["Stock"]
                for name, item in found.catalogue(datetime(2026, 2, day, 10, tzinfo=UTC)).items()
            }
            for day in (1, 2, 3, 4)
        }
        assert found.catalogue(BEGIN) == {}
        assert stocks == {
            1: {"P1": 10, "P2": 1},
            2: {"P1": 4, "P2": 1},
            3: {"P2": 1},
            4: {"P1": 7, "P2": 1},
        }
        days = [date(2026, 1, 31), *(date(2026, 2, day) for day in (1, 2, 3, 4, 9))]
        values = found.values("UTC", days)
        worth = ["0", "27.5", "12.5", "2.5", "20", "20"]
        assert [values[day] for day in days] == list(map(Decimal, worth))


def test_product_is_sold_only_by_a_sale(tmp_path: Path) -> None:
    with figures(
        tmp_path,
        change("02-01T10:00:00", None, 9, product_id="P1", reason="received"),
        change("02-01T10:00:00", None, 9, product_id="P2", reason="received"),
        change("02-01T10:00:00", None, 9, product_id="P3", reason="received"),
        change("02-02T10:00:00", 9, 8, product_id="P1"),
        change("03-02T10:00:00", 9, 8, product_id="P2"),
        change("03-02T11:00:00", 9, None, product_id="P3"),
        change("03-02T12:00:00", 8, 7, product_id="P1", reason="damaged"),
        change("03-02T13:00:00", None, 7, product_id="P4", reason="received"),
        change("02-02T13:00:00", None, 0, product_id="P5", reason="received"),
    ) as found:
        assert found.not_sold(datetime(2026, 3, 1, tzinfo=UTC), END) == {"P1"}
        assert found.not_sold(datetime(2026, 1, 1, tzinfo=UTC), END) == set()


def test_stock_lasts_as_long_as_at_the_rate_of_the_days_since_the_first_event(
    tmp_path: Path,
) -> None:
    with figures(
        tmp_path,
        change("02-01T10:00:00", None, 70, product_id="P1"),
        change("05-01T10:00:00", 70, 60, product_id="P1"),  # 31 days ago in Berlin
        change("05-01T22:00:00", 60, 58, product_id="P1"),  # 29 days before today
        change("05-29T10:00:00", 58, 57, product_id="P1"),
        change("05-29T22:00:00", None, 12, product_id="P2"),
        change("05-30T10:00:00", 12, 9, product_id="P2"),
        change("05-31T21:00:00", None, 7, product_id="P3"),
        change("05-31T21:30:00", 7, 6, product_id="P3", reason="damaged"),
    ) as found:
        noon = datetime(2026, 5, 31, 10, tzinfo=UTC)
        assert found.days_left("Europe/Berlin", noon) == {
            "P1": pytest.approx(57 * 29.5 / 3),
            "P2": pytest.approx(9 * 1.5 / 3),
        }


@pytest.mark.parametrize(
    ("entries", "void"),
    [
        ([reconciled("02-02T10:00:00", 9, 8), change("02-03T10:00:00", 8, 7)], []),
        ([reconciled("02-02T10:00:00", 9, 8), change("02-03T10:00:00", 9, 8)], [0]),
        (
            [
                reconciled("02-02T10:00:00", 9, 8),
                reconciled("02-02T11:00:00", 8, 7),
                change("02-03T10:00:00", 8, 7),
            ],
            [1],
        ),
        (
            [
                reconciled("02-02T10:00:00", 9, 8),
                reconciled("02-02T11:00:00", 8, 7),
                change("02-03T10:00:00", 9, 8),
            ],
            [0, 1],
        ),
        ([reconciled("02-02T10:00:00", 9, 8), change("02-03T10:00:00", 9, 8, kind="gap")], []),
        ([reconciled("02-02T10:00:00", 9, None), change("02-03T10:00:00", 9, None)], [0]),
        ([reconciled("02-02T10:00:00", 9, 8)], []),
    ],
    ids=["goes on", "late", "second late", "both late", "gap", "late deletion", "last"],
)
def test_reconciled_entry_is_void_if_its_record_arrives_late(
    tmp_path: Path, entries: list[dict[str, Any]], void: list[int]
) -> None:
    first = change("02-01T10:00:00", None, 9) | {"event_key": f"label#{0:040d}"}
    with figures(tmp_path, first, *entries) as found:
        keys = [key for _, key in found.matching("void")]
        assert keys == [entries[place]["event_key"] for place in void]
        if void == [0] and len(entries) == 2:
            at = datetime(2026, 2, 2, 12, tzinfo=UTC)
            assert found.catalogue(at)["P1"]["Stock"] == 9
