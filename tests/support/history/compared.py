"""An application with a year of history, and the independent figures of its export."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.config.settings import Settings
from app.core.item import DEFAULT_NAMES
from app.readmodel.opening import FILE
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import ensure_tables
from app.store.engine import EmbeddedEngine
from tests.support.history.duck import DuckFigures, Units
from tests.support.history.past_writer import PastWriter, in_rows
from tests.support.history.year import DAYS, Year
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

NDJSON = {"Accept": "application/x-ndjson"}
# The folder of a size that `bench/readmodel.py --keep` has made, whose shop has its days in UTC.
KEPT = os.environ.get("STOCKPULSE_TEST_YEAR_KEPT")
ZONE = ZoneInfo("UTC" if KEPT else "Europe/Berlin")  # the shop's


def local_day(moment: str) -> date:
    """The day of a time (RFC 3339) in the shop."""
    return datetime.fromisoformat(moment).astimezone(ZONE).date()


def moved(*sums: dict[str, Any]) -> Units:
    """The units of sums that the API shows, together."""
    came, went = (
        sum((Decimal(str(one[name])) for one in sums), Decimal(0))
        for name in ("units_in", "units_out")
    )
    return came, went


def summed(
    units: Mapping[Any, Units], of: Callable[[Any], Any] = lambda key: key
) -> dict[Any, Units]:
    """The sums of a part of the key; those that are zero are left out."""
    sums: dict[Any, Units] = {}
    for key, (came, went) in units.items():
        known = sums.get(of(key), (Decimal(0), Decimal(0)))
        sums[of(key)] = (known[0] + came, known[1] + went)
    return {key: both for key, both in sums.items() if any(both)}


def shown(product: dict[str, Any]) -> tuple[Any, ...]:
    """Id, name, category, stock and price of a product that the API shows."""
    numbers = (Decimal(str(product[name])) for name in ("stock", "price"))
    return (product["product_id"], product["name"], product["category"], *numbers)


def stored(item: dict[str, Any]) -> tuple[Any, ...]:
    """The same of an image in the export."""
    numbers = (Decimal(str(item[name])) for name in ("Stock", "Price"))
    return (item["ProductID"], item["ProductName"], item["Category"], *numbers)


@dataclass(frozen=True)
class Compared:
    """`start` and `now`: the history lies between them."""

    app: App
    duck: DuckFigures
    start: datetime
    now: datetime

    def ask(self, path: str, **query: Any) -> Any:
        """The JSON of an answer."""
        answer = self.app.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of every page."""
        url = str(self.app.http.build_request("GET", path, params={"limit": 200} | query).url)
        while url:
            answer = self.app.http.get(url)
            assert answer.status_code == 200, answer.text
            yield from answer.json()["items"]
            url = answer.links.get("next", {}).get("url", "")

    def moments(self, count: int) -> list[datetime]:
        """Whole seconds of the year."""
        seconds = int((self.now - self.start).total_seconds())
        random = Random(1)
        return [self.start + timedelta(seconds=random.randrange(seconds)) for _ in range(count)]


@contextmanager
def compared(folder: Path, events: int, products: int) -> Iterator[Compared]:
    """A shop with a year of about `events` events, up to an hour ago, or that of `KEPT`."""
    prefix = {"table_prefix": ""} if KEPT else {}
    settings = settings_for("embedded", folder, timezone=ZONE.key, **prefix)
    start = _copied(Path(KEPT), folder) if KEPT else _made(settings, events, products)
    with serving(settings) as app:
        until(lambda: app.services.read_model.state.events.filled, events / 100 + 60)
        export = folder / "events.ndjson"
        with (
            app.http.stream("GET", "/v1/events?order=oldest", headers=NDJSON) as answer,
            export.open("wb") as out,
        ):
            assert answer.status_code == 200
            for chunk in answer.iter_bytes():
                out.write(chunk)
        with DuckFigures(export, folder) as duck:
            yield Compared(app, duck, start, datetime.now(UTC))


def _made(settings: Settings, events: int, products: int) -> datetime:
    """Write a year into a new engine; returns when it begins."""
    folder = settings.data_dir
    with EmbeddedEngine(folder) as engine:
        clients = connect(engine.url)
        ensure_tables(clients.tables, settings.table_names, DEFAULT_NAMES)
    start = (datetime.now(UTC) - timedelta(days=DAYS)).replace(microsecond=0)
    end = datetime.now(UTC) - timedelta(hours=1)
    made = Year(events, products, start=start, until=end)
    with PastWriter(folder / "engine.db", settings.table_names) as past:
        for batch in in_rows(made, 10_000):
            past.write(batch)
        past.end(made.items.values())
    return start


def _copied(kept: Path, folder: Path) -> datetime:
    """Copy a year's engine and read model; returns when it begins."""
    folder.mkdir(exist_ok=True)
    shutil.copyfile(kept / "engine" / "engine.db", folder / "engine.db")
    shutil.copyfile(kept / "whole" / FILE, folder / FILE)
    with closing(sqlite3.connect(folder / FILE)) as copy:
        (earliest,) = copy.execute("SELECT min(earliest) FROM event_hours").fetchone()
    return datetime.fromtimestamp(earliest // 1000, UTC)
