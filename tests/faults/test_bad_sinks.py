"""20,000 changes while one sink hangs and another fails, then both heal.

The feed goes on as before; each sink then gets everything, in each product's order, by itself
(DESIGN §5.4, §5.5). FAULT_SINK_SECONDS=600 is the long form of it.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.faults.sinking_worker import FAILS, HANGS

from app.store.client import connect
from tests.faults.engines import Engine
from tests.faults.split import CHANGES, Split, pause
from tests.faults.writers import Writers, audited, out_of_order

BAD = float(os.environ.get("FAULT_SINK_SECONDS", "60"))
WELL = max(30.0, BAD / 5)  # seconds before, to compare with
WATCHED = CHANGES // 4  # changes in both together; most of the others come before
AFTER = CHANGES // 20  # come once all is well again, behind what is parked
DRAINED = 1800.0  # seconds, on a machine with other things to do


@dataclass(frozen=True)
class Accepted:
    """What became of the changes at a sink that drops repeated ids."""

    accepted: int
    missing: int
    out_of_order: int
    repeats: int


def test_a_sink_that_hangs_and_one_that_fails_delay_nothing_and_get_all(
    engine: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "sinks"
    folder.mkdir()
    bad = folder / "bad"
    with Split(
        tmp_path,
        engine,
        workers=1,
        module="tests.faults.sinking_worker",
        environment={"SINKS": str(folder)},
    ) as split:
        writers = split.write(0)
        while writers.written < CHANGES - WATCHED - AFTER:
            time.sleep(0.05)
        writers.pause = pause(WELL + BAD, WATCHED)
        split.client.wait_for(CHANGES - WATCHED - AFTER, 300)
        wait_drained(engine)  # the crowd of the beginning may have filled a window
        turned = time.monotonic() + WELL
        time.sleep(WELL)
        bad.touch()
        time.sleep(BAD)
        healed = time.monotonic()
        assert writers.running
        parked = letters(engine)
        bad.unlink()
        writers.pause = 0
        split.finish(f"two sinks bad for {BAD:.0f} s", writers)
        drained = wait_drained(engine) - healed
        well = delays(split, writers, turned - WELL, turned)
        ill = delays(split, writers, turned, healed)
        print(f"letters when they healed {dict(parked)}; all delivered {drained:.0f} s later")
        print(f"write to SSE event: well {told(well)}; bad {told(ill)}")
        print(f"bad / well: p50 {median(ill) / median(well):.2f}, p99 {p99(ill) / p99(well):.2f}")
        for sink in (HANGS, FAILS):
            found = at_sink(folder / sink, writers)
            print(f"the sink that {sink}: {found}")
            assert found == Accepted(CHANGES, 0, 0, found.repeats), split.trouble
        assert parked[HANGS] > 0
        assert parked[FAILS] > 0
        assert median(ill) < 2 * median(well)


def letters(engine: Engine) -> Counter[str]:
    """How many dead letters there are of each sink."""
    client: Any = connect(engine.url).tables
    pages = client.get_paginator("scan").paginate(
        TableName="DeadLetters", ConsistentRead=True, ProjectionExpression="SinkKey"
    )
    found = Counter(
        row["SinkKey"]["S"].partition("#")[0] for page in pages for row in page["Items"]
    )
    client.close()
    return found


def wait_drained(engine: Engine) -> float:
    """When there was no dead letter left."""
    client = connect(engine.url).tables
    deadline = time.monotonic() + DRAINED
    while client.scan(TableName="DeadLetters", ConsistentRead=True, Limit=1)["Items"]:
        assert time.monotonic() < deadline, letters(engine)
        time.sleep(1)
    client.close()
    return time.monotonic()


def at_sink(file: Path, writers: Writers) -> Accepted:
    lines = [line.split() for line in file.read_text().splitlines()]
    first = {event_id: (product, int(stock)) for product, stock, event_id in reversed(lines)}
    in_order = [first[id_] for id_ in dict.fromkeys(line[2] for line in lines)]
    return Accepted(
        accepted=len(first),
        missing=len(writers.expected - set(in_order)),
        out_of_order=out_of_order(in_order),
        repeats=len(lines) - len(first),
    )


def delays(split: Split, writers: Writers, since: float, to: float) -> list[float]:
    """Milliseconds from each write that was begun in a span of time to its event at the client."""
    follower = split.client.follower
    came = dict(zip(reversed(follower.ids), reversed(follower.at), strict=True))  # the first time
    begun = {
        event.id: writers.begun[event.product_id, event.stock_after or 0]
        for event in audited(writers.url)
    }
    return [1000 * (came[id_] - at) for id_, at in begun.items() if since <= at < to]


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[-1]


def told(times: list[float]) -> str:
    return f"p50 {median(times):.0f} ms, p99 {p99(times):.0f} ms of {len(times)}"
