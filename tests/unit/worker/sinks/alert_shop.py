"""The consumer of alerts over in-memory tables, with events that a test makes."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.store.alerts.alert_repository import AlertRepository
from app.store.audit.entry import Signer
from tests.support.builders import NOON_MS, an_event, an_item
from tests.support.fakes.fake_tables import FakeTables
from worker.sinks.alerts import Alerts

MINUTE = 60_000


class Shop:
    """Tables, and any number of consumers on them."""

    def __init__(self) -> None:
        self.tables: Any = FakeTables(
            {
                "Products": ("ProductID",),
                "ProductEvents": ("ProductID", "EventKey"),
                "Settings": ("Kind", "ID"),
            }
        )
        self.rows = AlertRepository(self.tables, "Settings")

    def consumer(self) -> Alerts:
        names = SimpleNamespace(products="Products", audit="ProductEvents", settings="Settings")
        deployment: Any = SimpleNamespace(
            clients=SimpleNamespace(tables=self.tables), tables=names, names=DEFAULT_NAMES
        )
        return Alerts(deployment)

    def put(self, product_id: str, **attributes: Any) -> None:
        self.tables.put_item(TableName="Products", Item=an_item(product_id, **attributes))

    def audit(self, event: ChangeEvent) -> None:
        entry = Signer("k", b"k" * 32).entry(event)
        self.tables.put_item(TableName="ProductEvents", Item=entry)

    def settings(self, kind: str) -> list[dict[str, Any]]:
        """The rows of one kind, in order."""
        rows = sorted(self.tables.rows["Settings"].items())
        return [row for (found, _), row in rows if found == kind]

    def told(self) -> list[tuple[str | None, str, float, str | None]]:
        """Every transition by time: before, after, minute and event key."""
        found = []
        for row in self.settings("alert-transition"):
            alert = orjson.loads(row["Alert"]["S"])
            if alert["kind"] == "low":
                before, key = (row.get(name, {}).get("S") for name in ("Before", "EventKey"))
                minute = (int(row["At"]["N"]) - NOON_MS) / MINUTE
                found.append((before, row["After"]["S"], minute, key))
        return sorted(found, key=lambda one: (one[2], one[0] is None))

    def states(self) -> dict[str, str]:
        """The state of P1's alerts by kind.

        The lists must have every alert of P1 exactly once, in its last state.
        """
        last = {}
        for row in sorted(self.settings("alert-transition"), key=_written):
            last[row["AlertID"]["S"]] = _listing(row, row["After"]["S"])
        rows = self.tables.rows["Settings"].items()
        lists = {kind for (kind, _), _ in rows if kind.startswith("alert ")}
        listed = [
            _listing(row, kind.split()[1]) for kind in sorted(lists) for row in self.settings(kind)
        ]
        assert sorted(listed) == sorted(last.values())
        return {kind: alert.state for kind, alert in self.rows.get("P1").alerts.items()}


def _written(row: dict[str, Any]) -> list[int]:
    """The order of a product's transitions: by version and number."""
    return [int(part) for part in row["ID"]["S"].split("-")[2:]]


def _listing(row: dict[str, Any], state: str) -> tuple[str, int, str, int]:
    alert = orjson.loads(row["Alert"]["S"])
    return alert["kind"], alert["number"], state, alert["since"]


def change(
    number: int, minute: float, old: int, new: int, point: int = 5, **more: Any
) -> ChangeEvent:
    """Event `number` of P1: its stock changes."""
    event = an_event(
        number,
        stock_before=old,
        stock_after=new,
        before=an_item(Stock=old, ReorderPoint=point),
        after=an_item(Stock=new, ReorderPoint=point),
        occurred_at=datetime.fromtimestamp((NOON_MS + minute * MINUTE) / 1000, UTC),
    )
    return replace(event, **more)
