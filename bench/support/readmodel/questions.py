"""The questions that the read model is asked, each with the limit of its p99.

A question gets a random generator, so that it asks for something else each time.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import orjson

from app.core.item import DEFAULT_NAMES
from app.readmodel.database import Database
from app.readmodel.opening import FILE
from app.readmodel.past.past_lists import PastLists
from app.readmodel.products.product_lists import ProductLists, Totals
from app.readmodel.products.product_query import SORT_KEYS, ProductQuery, SortKey, encode_place
from app.readmodel.schema import WITH_ITEMS
from bench.support.report import percentile

PAGE = 50
PAGE_MS, TOTAL_MS, PAST_MS = 50.0, 500.0, 3_000.0
SECONDS = 4.0  # that a question is asked at most

Ask = Callable[[Random], object]


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of request; `limit` in milliseconds."""

    name: str
    ask: Ask
    limit: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of a question's answers."""

    name: str
    limit: float
    p50: float
    p99: float
    times: int


def timed(question: Question, times: int, seed: int = 1) -> Timing:
    """Ask a question some times, after a few that warm up."""
    random, took = Random(f"{seed} {question.name}"), []
    for _ in range(3):
        question.ask(random)
    until = time.perf_counter() + SECONDS
    while len(took) < times and (time.perf_counter() < until or len(took) < 10):
        began = time.perf_counter()
        question.ask(random)
        took.append((time.perf_counter() - began) * 1000)
    middle, late = statistics.median(took), percentile(took, 0.99)
    return Timing(question.name, question.limit, middle, late, len(took))


def product_questions(folder: Path, database: Database) -> Iterator[Question]:
    """Lists and searches of products: alone, in pairs, sorted, from the middle, with totals."""
    lists = ProductLists(database, DEFAULT_NAMES)
    samples = _Samples(folder)

    def page(fields: "Sequence[Field]", totals: Totals, random: Random, **more: Any) -> object:
        given, ranges = dict(more), {}
        for field in fields:
            made = field(random)
            ranges |= made.pop("ranges", {})
            given |= made
        return lists.page(ProductQuery(**given, ranges=ranges), PAGE, None, totals)

    def middle(sort: str, random: Random) -> object:
        query = ProductQuery(sort=sort)
        return lists.page(query, PAGE, encode_place(query, samples.place(query.column, random)))

    for sort in SORT_KEYS:
        for descending in (False, True):
            order = "descending" if descending else "ascending"
            ask = partial(page, (), "none", sort=sort, descending=descending)
            yield Question(f"products by {sort}, {order}", ask, PAGE_MS)
        yield Question(f"products by {sort}, middle", partial(middle, sort), PAGE_MS)
    fields = samples.fields()
    for name, field in fields.items():
        yield Question(f"products {name}", partial(page, (field,), "none"), PAGE_MS)
        by_name = partial(page, (field,), "none", sort="name")
        yield Question(f"products {name}, by name", by_name, PAGE_MS)
        yield Question(f"total {name}", partial(page, (field,), "exact"), TOTAL_MS)
    for one, other in combinations(fields, 2):
        if one.split()[0] != other.split()[0]:
            pair = (fields[one], fields[other])
            yield Question(f"products {one} + {other}", partial(page, pair, "none"), PAGE_MS)
            yield Question(f"total {one} + {other}", partial(page, pair, "exact"), TOTAL_MS)
    yield Question("total of all products", partial(page, (), "exact"), TOTAL_MS)
    yield Question("capped total of all products", partial(page, (), "capped"), TOTAL_MS)


def past_questions(folder: Path, database: Database) -> Iterator[Question]:
    """Lists of the products at a random time of the year."""
    lists = PastLists(database, DEFAULT_NAMES)
    samples = _Samples(folder)

    def page(sort: SortKey, random: Random) -> object:
        query = ProductQuery(sort=sort)
        place = encode_place(query, samples.place(query.column, random))
        return lists.page(query, samples.moment(random), PAGE, place)

    def search(field: Field, random: Random) -> object:
        return lists.page(ProductQuery(**field(random)), samples.moment(random), PAGE)

    for sort in SORT_KEYS:
        limit = PAGE_MS if sort == "id" else PAST_MS
        yield Question(f"past products by {sort}", partial(page, sort), limit)
    for name, field in samples.fields().items():
        yield Question(f"past products {name}", partial(search, field), PAST_MS)


Field = Callable[[Random], dict[str, Any]]


class _Samples:
    """Values that some products of the copy have."""

    def __init__(self, folder: Path) -> None:
        with closing(sqlite3.connect(folder / FILE)) as copy:
            self._rows = copy.execute(
                "SELECT id, name, category, tags, stock, price, codes "
                f"FROM {WITH_ITEMS} "
                "WHERE NOT deleted ORDER BY random() LIMIT 1000"
            ).fetchall()
            self._times = copy.execute(
                "SELECT min(occurred_at), max(occurred_at) FROM events"
            ).fetchone()
            self._places = {
                column: copy.execute(
                    f"SELECT {column}, id FROM products ORDER BY random() LIMIT 200"
                ).fetchall()
                for column in (
                    "id",
                    "name",
                    "category_key",
                    "stock",
                    "price",
                    "reorder_point",
                    "updated_at",
                )
            }

    def moment(self, random: Random) -> datetime:
        """A time between the first and the last event."""
        return datetime.fromtimestamp(random.uniform(*self._times) / 1000, UTC)

    def place(self, column: str, random: Random) -> tuple[Any, str]:
        """A random product's place in the order of a column."""
        return random.choice(self._places[column])

    def fields(self) -> dict[str, Field]:
        """Makers of a query's fields, by the name of the qualifier and its form."""

        def row(random: Random) -> Any:
            return random.choice(self._rows)

        def around(number: float) -> tuple[Decimal, Decimal]:
            return Decimal(str(number)), Decimal(str(number + 2))

        return {
            "q one letter": lambda random: {"q": row(random)[1][:1]},
            "q two letters": lambda random: {"q": row(random)[1][:2]},
            "q word": lambda random: {"q": random.choice(row(random)[1].split())},
            "q two words": lambda random: {"q": " ".join(row(random)[1].split()[:2])},
            "q id": lambda random: {"q": row(random)[0]},
            "q part of barcode": lambda random: {"q": row(random)[6].split("\n")[1][3:9]},
            "q nothing": lambda _: {"q": "quetzalcoatl"},
            "category": lambda random: {"category": row(random)[2]},
            "tag": lambda random: {"tag": random.choice(orjson.loads(row(random)[3]) or ["gift"])},
            "low": lambda _: {"low": True},
            "out": lambda _: {"out": True},
            "deleted": lambda _: {"deleted": True},
            "price": lambda random: {"ranges": {"price": around(row(random)[5])}},
            "stock": lambda random: {"ranges": {"stock": around(row(random)[4])}},
        }
