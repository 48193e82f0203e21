"""A queue gets all 20,000 changes, in order, although it hangs, fails and refuses single entries.

The application is killed meanwhile, in the middle of requests. FAULT_SINK_SECONDS is how long the
queue answers 500.
"""

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from app.store.engine import find_running
from tests.faults.split import CHANGES, THREADS
from tests.faults.writers import Writers, audited, out_of_order
from tests.support.fakes.queue_service import WELL, Misdeed, QueueService, queue_service
from tests.support.processes.process import Process
from tests.support.waiting import until
from worker.leasing.assignment import LEASE_TIME

BAD = float(os.environ.get("FAULT_SINK_SECONDS", "60"))
TURN = LEASE_TIME + 5
DRAINED = 600.0  # seconds within which the backlog drains, even on a loaded machine


def some(_entry: Any) -> bool:
    """One entry of seven, each time another one."""
    return random.randrange(7) == 0


# (Seconds, how each request is answered, number of kills).
TRIAL: list[tuple[float, Misdeed, int]] = [
    (TURN, WELL, 0),
    (TURN, Misdeed(seconds=60), 1),
    (TURN, Misdeed(refuses=some), 1),
    (TURN, Misdeed(drops=True, accepts=True), 0),
    (BAD, Misdeed(status=500), 1),
    (TURN, Misdeed(status=429, headers={"Retry-After": "3"}, code="RequestThrottled"), 0),
    (TURN, Misdeed(status=403, code="ExpiredToken"), 0),
    (TURN, Misdeed(seconds=0.3), 2),
]


def started(app: Process) -> bool:
    """Whether the sink has its first position: what arrives before that is not for it."""
    sinks = httpx.get(f"{app.url}/v1/sinks", timeout=30).json()["items"]
    return any(sink["name"] == "sqs" and sink["cursor"] for sink in sinks)


def first_deliveries(service: QueueService) -> Iterator[tuple[str, int]]:
    """(Product, stock) of each event the first time, as a FIFO queue keeps it."""
    known = set()
    for entry in list(service.accepted):
        if (name := entry["MessageDeduplicationId"]) not in known:
            known.add(name)
            data = json.loads(entry["MessageBody"])["data"]
            yield data["product_id"], data["stock_after"]


def test_a_queue_that_misbehaves_gets_every_change_in_order(tmp_path: Path) -> None:
    chance = random.Random(7)
    with queue_service() as service:
        environment = {
            "STOCKPULSE_FAN_OUT_ENDPOINT": service.url,
            "STOCKPULSE_SQS_QUEUE": f"{service.url}/000000000000/stock.fifo",
        }
        with Process(tmp_path / "data", environment=environment, forked=False) as app:
            until(lambda: started(app))
            running = find_running(app.data_dir)
            assert running is not None
            url = running.url  # the engine outlives the application
            pause = THREADS * sum(phase[0] for phase in TRIAL) / CHANGES
            writers = Writers(url, CHANGES, THREADS, pause=pause)
            writers.start()
            for seconds, misdeed, kills in TRIAL:
                service.always = misdeed
                for _ in range(kills):
                    share = chance.uniform(0.1, 0.9)
                    time.sleep(seconds / kills * share)
                    app.kill()
                    app.start()
                    time.sleep(seconds / kills * (1 - share))
                if not kills:
                    time.sleep(seconds)
            service.always = WELL
            writers.join(600)
            healed = time.monotonic()
            until(lambda: len(set(first_deliveries(service))) >= CHANGES, DRAINED)
            drained = time.monotonic() - healed
            letters = httpx.get(f"{app.url}/v1/dead-letters").json()["items"]
            events = audited(url)
    found = list(first_deliveries(service))
    repeats = len(service.accepted) - len(found)
    print(f"\n{len(found)} of {CHANGES}, {repeats} repeated, drained in {drained:.0f} s")
    assert set(found) == writers.expected
    assert len(found) == CHANGES == len(events)
    assert out_of_order(found) == 0
    assert letters == []
