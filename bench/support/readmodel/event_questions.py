"""Searches for events, and trends: each qualifier and each pair, both orders, totals."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, get_args

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.readmodel.database import Database
from app.readmodel.events.event_lists import EventLists
from app.readmodel.events.event_query import Order
from app.readmodel.events.event_row import decoded
from app.readmodel.events.qualifiers import parse
from app.readmodel.opening import FILE
from app.readmodel.products.product_lists import Totals
from app.readmodel.trends import series
from app.readmodel.trends.periods import RangeName, period, shortest_bucket, since_of
from app.readmodel.trends.rankings import Measure, Rankings, TrendPage, Window
from bench.support.readmodel.loaded import ZONE
from bench.support.readmodel.questions import PAGE, PAGE_MS, TOTAL_MS, Ask, Question

TREND_MS = 100.0  # of 30 days
YEAR_MS = 250.0  # of a year; not a requirement
_SAMPLES = 500  # events whose values are asked for
_ORDERS: tuple[Order, ...] = ("newest", "oldest")

Text = Callable[[Random], str]


def event_questions(folder: Path, database: Database) -> Iterator[Question]:
    """Searches by each qualifier and each pair of them, from both ends, and with totals."""
    lists = EventLists(database)

    def page(
        texts: tuple[Text, ...], order: Order | None, totals: Totals, random: Random
    ) -> object:
        query = parse(" ".join(text(random) for text in texts), ZONE)
        return lists.page(query, PAGE, order or random.choice(_ORDERS), None, totals)

    texts = {"": lambda _: ""} | _texts(_samples(folder))
    for name, text in texts.items():
        for order in _ORDERS:
            ask = partial(page, (text,), order, "none")
            yield Question(f"events {name}, {order} first", ask, PAGE_MS)
        yield Question(f"total of events {name}", partial(page, (text,), None, "exact"), TOTAL_MS)
    del texts[""]
    for one, other in combinations(texts, 2):
        pair = (texts[one], texts[other])
        yield Question(f"events {one} + {other}", partial(page, pair, None, "none"), PAGE_MS)
        ask = partial(page, pair, None, "exact")
        yield Question(f"total of events {one} + {other}", ask, TOTAL_MS)


def _samples(folder: Path) -> list[ChangeEvent]:
    """Events from the whole year."""
    random = Random(1)
    with closing(sqlite3.connect(folder / FILE)) as copy:
        first, last = copy.execute("SELECT min(number), max(number) FROM events").fetchone()
        numbers = (random.randint(first, last) for _ in range(_SAMPLES))
        found = "SELECT event FROM events WHERE number >= ? ORDER BY number LIMIT 1"
        return [decoded(copy.execute(found, (number,)).fetchone()[0]) for number in numbers]


def _texts(samples: list[ChangeEvent]) -> dict[str, Text]:
    """Makers of a condition, as people write it, by its name."""

    def value(name: str, qualifier: str) -> Text:
        having = [event for event in samples if getattr(event, name) is not None]
        return lambda random: f'{qualifier}:"{getattr(random.choice(having), name)}"'

    def word(random: Random) -> str:
        return random.choice((random.choice(samples).product_name or "tea").split())

    def start(random: Random) -> str:
        return word(random)[:2]

    def phrase(random: Random) -> str:
        words = (random.choice(samples).product_name or "").split()
        return f'"{" ".join(words[:2])}"'

    def day(random: Random, days: int) -> str:
        first = random.choice(samples).occurred_at.date()
        return f"created:{first}..{first + timedelta(days=days)}"

    def size(random: Random) -> str:
        return str(random.choice((2, 3, 5, 10, 24, 50)))

    qualifiers = {
        "kind": value("kind", "kind"),
        "product": value("product_id", "product"),
        "category": value("category", "category"),
        "actor": value("actor", "actor"),
        "reason": value("reason", "reason"),
        "reference": value("reference", "reference"),
        "request": value("request_id", "request"),
    }
    return qualifiers | {
        "start of a word": start,
        "word": word,
        "phrase": phrase,
        "nothing": lambda _: "quetzalcoatl",
        "at least a size": lambda random: f"delta:>={size(random)}",
        "a size": lambda random: f"delta:{size(random)}",
        "a day": lambda random: day(random, 0),
        "90 days": lambda random: day(random, 90),
        "no actor": lambda random: f"-{qualifiers['actor'](random)}",
        "no reason": lambda random: f"-{qualifiers['reason'](random)}",
        "no word": lambda random: f"-{word(random)}",
    }


def trend_questions(folder: Path, database: Database) -> Iterator[Question]:
    """Every figure of the trends."""
    now, rankings = datetime.now(UTC), Rankings(DEFAULT_NAMES, ZONE)
    categories = sorted({event.category or "" for event in _samples(folder)})

    def asked(figure: Callable[..., Any], *given: Any) -> Ask:
        def ask(random: Random) -> object:
            # A category of the shop, where one is asked for.
            values = [one(random) if callable(one) else one for one in given]
            with database.reading() as connection:
                return figure(connection, *values)

        return ask

    def category(random: Random) -> str:
        return random.choice(categories)

    for name in get_args(RangeName):
        limit = YEAR_MS if name == "365d" else TREND_MS
        since = since_of(name, now, ZONE)
        cut = period(since, now, shortest_bucket(since, now), ZONE)
        for title, figure in {
            "movement": asked(series.movement, cut, None, None),
            "movement of a category": asked(series.movement, cut, category, None),
            "movement for a reason": asked(series.movement, cut, None, "sold"),
            "event rate": asked(series.event_rate, cut),
            "stock value": asked(series.stock_value, cut, now),
        }.items():
            yield Question(f"{title}, {name}", figure, limit)

    def later(figure: Callable[..., TrendPage], *given: Any) -> Ask:
        """The second page."""
        with database.reading() as connection:
            cursor = figure(connection, *given, None, PAGE, None).next_cursor
        return asked(figure, *given, None, PAGE, cursor)

    for window in get_args(Window):
        for by in get_args(Measure):
            ask = asked(rankings.top_movers, now, window, by, None, PAGE, None)
            yield Question(f"top movers by {by}, {window} days", ask, TREND_MS)
    for title, figure, *given in (
        ("top movers", rankings.top_movers, now, 30, "sold"),
        ("not sold", rankings.not_sold, now, 90),
        ("days left", rankings.days_left, now),
    ):
        yield Question(title, asked(figure, *given, None, PAGE, None), TREND_MS)
        ask = asked(figure, *given, category, PAGE, None)
        yield Question(f"{title} of a category", ask, TREND_MS)
        yield Question(f"{title}, second page", later(figure, *given), TREND_MS)
