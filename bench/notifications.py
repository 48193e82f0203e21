"""Notifications do not slow the live feed, and calls grow with deliveries, not with subscriptions.

Applications with an engine of their own are loaded in turns: without rules, and with rules whose
recipient answers, hangs or fails. Then a worker in this process sends for 10 and 1,000 rules, each
about a product of its own, and its calls to DynamoDB and its CPU are counted.

    .venv/bin/python bench/notifications.py
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.rules.rule import What
from app.store.dynamodb.client import Clients, connect
from app.store.engine import EmbeddedEngine
from bench.support.report import Requirement, conditions, finish
from bench.webhook import App, Lengths, live
from tests.faults.hook import Behaviour, Receiver
from tests.integration.consumers.kit import Shop
from tests.integration.notifications.kit import Desk
from tests.support.processes.process import Process
from tests.support.processes.running import settings_for
from tests.support.waiting import until

FEW, MANY = 10, 1_000  # subscriptions
RATE = 100  # events per second
LIVE_LIMIT = 1.2  # of the p99 without rules
CALLS_LIMIT = 1.5  # of the calls per event with few subscriptions
WRITES = ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items")
READS = ("get_item", "batch_get_item", "query", "scan")


@dataclass(frozen=True)
class Cost:
    """What a number of subscriptions took, per event; CPU in milliseconds, with the worker's."""

    subscriptions: int
    events: int
    seconds: float
    delivered: int
    calls: float
    cpu: float
    by_call: Mapping[str, int]


class Counting:
    """A client of DynamoDB that counts its calls."""

    def __init__(self, client: Any) -> None:
        self.calls: Counter[str] = Counter()
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in WRITES + READS:
            return found

        def call(**request: Any) -> Any:
            self.calls[name] += 1
            return found(**request)

        return call


def load(folder: Path, subscriptions: int, seconds: float) -> Cost:
    """Send for some rules while products change at 100 events per second."""
    events = int(seconds * RATE)
    with EmbeddedEngine(folder / f"engine-{subscriptions}") as engine:
        shop = Shop(settings_for(engine.url, folder / f"data-{subscriptions}"))
        desk = Desk(shop)
        for number in range(subscriptions):
            product = f"p{number * MANY // subscriptions}"
            desk.rule(What(product_ids=(product,)), f"ann-{number}", channel="hook")
        counting = Counting(connect(engine.url).tables)
        clients = Clients(counting, desk.deployment.clients.streams)  # type: ignore[arg-type]
        with desk.sink(replace(desk.deployment, clients=clients)) as sink, desk.writer(sink):
            until(lambda: counting.calls)
            before, used, began = counting.calls.copy(), time.process_time(), time.monotonic()
            for number in range(events):
                time.sleep(max(0.0, began + number / RATE - time.monotonic()))
                # Of a product that one of the few is about, so that both deliver as much.
                shop.put(f"p{number % FEW * (MANY // FEW)}", number)
            took = time.monotonic() - began
            until(lambda: len(desk.hook.got) >= events, 120.0)
            calls = counting.calls - before
            cpu = (time.process_time() - used) / events * 1000
        shop.close()
    return Cost(
        subscriptions,
        events,
        took,
        len(desk.hook.got),
        calls.total() / events,
        cpu,
        dict(calls),
    )


def feed(folder: Path, lengths: Lengths) -> dict[str, dict[str, float]]:
    """Milliseconds from a REST write to its event, without rules and with three kinds."""
    kinds = {
        "none": None,
        "well": Behaviour(),
        "hangs": Behaviour(hangs=True),
        "fails": Behaviour(status=500),
    }
    with ExitStack() as opened:
        apps = {}
        for name, behaviour in kinds.items():
            home = folder / name
            home.mkdir()
            process = opened.enter_context(
                Process(
                    home / "data",
                    environment={"STOCKPULSE_NOTIFY_PRIVATE_ADDRESSES": "true"},
                    forked=False,
                )
            )
            receiver = None
            if behaviour is not None:
                receiver = opened.enter_context(Receiver(home / "hook"))
                receiver.set_behaviour(behaviour)
                url = receiver.environment["STOCKPULSE_WEBHOOK_URL"]
                recipients = [{"channel": "webhook", "address": url}]
                rule = {"name": name, "what": {}, "recipients": recipients}
                httpx.post(f"{process.url}/v1/rules", json=rule).raise_for_status()
            apps[name] = App(process, receiver)
        return live(apps, lengths)


def main() -> int:
    """Return 0 if the requirements are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short run that proves nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    lengths = Lengths(turn=4.0, turns=2) if given.quick else Lengths()
    about = conditions()
    with tempfile.TemporaryDirectory() as name:
        rows = feed(Path(name), lengths)
        costs = [load(Path(name), count, 5.0 if given.quick else 30.0) for count in (FEW, MANY)]
    measured = {"feed": rows, "subscriptions": [vars(one) for one in costs]}
    few, many = costs
    required = [
        *(
            Requirement(
                f"p99 {one} / none",
                rows[one]["p99"] / rows["none"]["p99"],
                LIVE_LIMIT,
                at_least=False,
            )
            for one in ("well", "hangs", "fails")
        ),
        Requirement(
            f"calls per event, {MANY} / {FEW} subscriptions",
            many.calls / few.calls,
            CALLS_LIMIT,
            at_least=False,
        ),
    ]
    lines = [
        *(
            f"{name:<6} ms from REST write to event: p50 {row['p50']:>6.2f}  p99 {row['p99']:>6.2f}"
            f"  CPU {row['live_cpu']:>5.2f} ms"
            for name, row in rows.items()
        ),
        *(
            f"{one.subscriptions:>5} subscriptions, {one.events} events in {one.seconds:.0f} s: "
            f"{one.delivered} delivered, {one.calls:.2f} calls and {one.cpu:.2f} ms of CPU an event"
            f" {dict(one.by_call)}"
            for one in costs
        ),
    ]
    return finish(about, lines, measured, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
