"""The search index catches up nearly as fast as a bare bulk loop writes the same documents.

A real OpenSearch node (Java 17, Maven) and an embedded engine. In turns: a bare loop of the client
(bulk requests made of the same events, which compare nothing), the same loop when it also reads the
events from the audit, one call of the sink after the other, and a worker that drains a backlog.
Each event is newer than what the index has, which is older than the events; `bench/sinks.py search`
fills a new index from a history.

    .venv/bin/python bench/one_sink/search.py
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from opensearchpy import OpenSearch as Client

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.core.events import ChangeEvent, rfc3339
from app.observability.metrics import SINK_DELIVERED
from app.store.audit.entry import event_of
from app.store.engine import EmbeddedEngine
from bench.support.report import Requirement, conditions, finish
from bench.support.sinks.search import bare_loop
from tests.opensearch.kit import SearchShop
from tests.support.builders import an_item
from tests.support.outside.opensearch import OpenSearch
from tests.support.processes.running import settings_for
from tests.support.waiting import until
from worker.sinks.search.search_sink import BATCH

LIMIT = 0.7
PATIENCE = 300.0  # seconds


def bare(node: OpenSearch, events: Iterable[ChangeEvent], index: str) -> float:
    """Events per second of a loop of bulk requests."""
    with Client(node.url, timeout=60) as client:
        write = bare_loop(client, index)
        began = time.perf_counter()
        done = 0
        rest = iter(events)
        while batch := list(islice(rest, BATCH)):
            write(batch)
            done += len(batch)
        return done / (time.perf_counter() - began)


def alone(shop: SearchShop, events: Sequence[ChangeEvent]) -> float:
    """Events per second of the sink's calls on a fresh index."""
    with shop.sink() as sink:
        assert sink.clock is not None
        while sink.clock(0) < 1:
            pass
        began = time.perf_counter()
        for start in range(0, len(events), BATCH):
            assert not sink.deliver(events[start : start + BATCH])
        return len(events) / (time.perf_counter() - began)


def in_a_worker(shop: SearchShop, changes: int, products: int, turn: int) -> float:
    """Events per second while a worker drains a backlog."""
    delivered = SINK_DELIVERED.labels("search")._value  # noqa: SLF001 - as its exporter reads it
    with shop.following():
        back_date(shop, shop.until_live())
        shop.control.pause("search", "bench")
        until(lambda: shop.row("search").state == "paused")
        change(shop, changes, products, turn)
        until(lambda: audited(shop) >= changes * (turn + 1), PATIENCE)
        before = delivered.get()
        shop.control.resume("search", "bench")
        until(lambda: delivered.get() > before)
        began, first = time.perf_counter(), delivered.get() - before
        until(lambda: delivered.get() - before >= changes, PATIENCE)
        return (changes - first) / (time.perf_counter() - began)


def back_date(shop: SearchShop, index: str) -> None:
    """Let the index be a day old, as one is after an outage.

    In an index that is newer than an event, a product that it lacks costs a query of the audit.
    """
    meta = shop.node.call("GET", f"/{index}/_mapping")[index]["mappings"]["_meta"]
    meta["stockpulse"]["created"] = rfc3339(datetime.now(UTC) - timedelta(days=1))
    shop.node.call("PUT", f"/{index}/_mapping", {"_meta": meta})


def change(shop: SearchShop, changes: int, products: int, turn: int) -> None:
    """Change products in turns."""
    for number in range(changes):
        colour, name = f"colour {number % 9}", f"Product {number % 50}"
        product = f"P{turn}-{number * 7919 % products}"
        item = an_item(
            product, Stock=number, ProductName=name, Category=f"C{number % 5}", colour=colour
        )
        shop.client.put_item(TableName=shop.names.products, Item=item)
    shop.wake.hint()


def audited(shop: SearchShop) -> int:
    """The number of events in the audit."""
    pages = shop.client.get_paginator("scan").paginate(
        TableName=shop.names.audit, Select="COUNT", ConsistentRead=True
    )
    return sum(page["Count"] for page in pages)


def from_audit(shop: SearchShop) -> Iterator[ChangeEvent]:
    """The events of the audit, read page by page."""
    pages = shop.client.get_paginator("scan").paginate(TableName=shop.names.audit)
    return (event_of(entry) for page in pages for entry in page["Items"])


def some_events(shop: SearchShop, products: int, turn: int) -> list[ChangeEvent]:
    """The events of a turn, in the order of their keys."""
    found = [event for n in range(products) for event in shop.events(f"P{turn}-{n}")]
    return sorted(found, key=lambda event: event.event_key)


def later(event: ChangeEvent) -> ChangeEvent:
    """The event as one of a later stream: newer than what the fill has copied."""
    return replace(
        event,
        event_key=f"2099-01-01T00:00:00.000{event.event_key[event.event_key.index('#') :]}",
        occurred_at=event.occurred_at + timedelta(days=1),
    )


def main() -> int:
    """Measure, print, and return 1 if a requirement does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="try it out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    changes, turns = (2_000, 1) if arguments.quick else (arguments.events, arguments.turns)
    products = changes // 5
    about = conditions()
    rates: dict[str, list[float]] = {"bare": [], "sink": [], "reading": [], "worker": []}
    with tempfile.TemporaryDirectory() as name, EmbeddedEngine(Path(name) / "engine") as engine:
        folder = Path(name) / "node"
        folder.mkdir()
        with OpenSearch(folder) as node:
            shop = SearchShop(settings_for(engine.url, Path(name)), node, "worker")
            in_a_worker(shop, changes // 5, products // 5, 0)  # warms up both sides
            node.call("DELETE", "/worker-000001")
            shop.close()
            for turn in range(turns):
                folder = Path(name) / f"turn{turn}"
                folder.mkdir()
                shop = SearchShop(settings_for(engine.url, folder), node, f"worker{turn}")
                rates["worker"].append(in_a_worker(shop, changes, products, 0))
                events = some_events(shop, products, 0)
                rates["bare"].append(bare(node, events, f"bare{turn}"))
                rates["reading"].append(bare(node, from_audit(shop), f"reading{turn}"))
                shop.alias = f"alone{turn}"
                # The products exist already: its fill has their keys, so use later ones.
                rates["sink"].append(alone(shop, [later(event) for event in events]))
                shop.close()
    rate = {kind: statistics.median(found) for kind, found in rates.items()}
    lines = [
        f"{changes} events of {products} products, {BATCH} in a batch, medians of {turns} turns",
        *(f"{kind:8} {value:8.0f} events/s" for kind, value in rate.items()),
    ]
    calls, worker = rate["sink"] / rate["bare"], rate["worker"] / rate["reading"]
    requirements = [
        Requirement("the sink's calls to a bare bulk loop", calls, LIMIT, at_least=True),
        Requirement("a worker to a bare loop that reads the audit", worker, LIMIT, at_least=True),
    ]
    return finish(about, lines, rates, requirements, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
