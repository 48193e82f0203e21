"""A demo shop's plan, and what the shop writes to table and feed."""

from itertools import islice
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent
from app.demo.live import Plan
from app.demo.simulation.shop import changes, monday_morning
from tests.support.processes.running import App

ZONE = ZoneInfo("UTC")
BUTTON, NOTICE = "Run a demo shop", "A demo shop is running"


def plan(rate: float, seed: int = 1) -> Plan:
    return Plan(changes(seed, monday_morning(ZONE), ZONE), rate)


def stocks(app: App) -> dict[str, str]:
    pages = app.tables.get_paginator("scan").paginate(
        TableName=app.services.about.products_table, ConsistentRead=True
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["ProductID"]["S"]: item["Stock"]["N"] for item in items}


def feed_events(app: App, newest: int = 100_000) -> list[ChangeEvent]:
    """The newest events of the feed, oldest first."""
    return [event for _, event in islice(app.services.store.timeline.recent(), newest)][::-1]


def sells(app: App) -> bool:
    """Whether something was sold just now."""
    return any(event.reason == "sold" for event in feed_events(app, 20))
