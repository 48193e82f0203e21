"""A webhook receiver gets all 20,000 changes although it hangs, fails and refuses.

The application is killed meanwhile. First deliveries are in order per product, and the live feed is
exact. FAULT_SINK_SECONDS is how long the receiver answers 500.
"""

import os
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.faults.client import Client
from tests.faults.engines import Engine
from tests.faults.hook import Behaviour, Change, Receiver
from tests.faults.split import CHANGES, THREADS, SplitDeployment, pause
from tests.faults.writers import PRODUCTS_EACH, Writers, account, out_of_order
from tests.support.processes.process import Process
from tests.support.waiting import until
from worker.leasing.assignment import LEASE_TIME

BAD = float(os.environ.get("FAULT_SINK_SECONDS", "60"))
DRAINED = 600.0  # seconds within which the backlog drains, even on a loaded machine

# (Seconds, the receiver's behaviour, number of kills). A new process reads once the dead one's
# leases have expired.
WELL = LEASE_TIME + 5
TRIAL: list[tuple[float, Behaviour, int]] = [
    (WELL, Behaviour(), 0),
    (WELL, Behaviour(hangs=True), 0),
    (WELL, Behaviour(), 1),
    (WELL, Behaviour(hangs=True), 1),
    (WELL, Behaviour(), 0),
    (BAD, Behaviour(status=500), 2),
    (WELL, Behaviour(), 1),
    (WELL, Behaviour(status=429, headers={"Retry-After": "3"}), 1),
]


@dataclass(frozen=True)
class Delivery:
    """The result at a receiver that drops repeated ids."""

    accepted: int
    missing: int
    unknown: int
    out_of_order: int
    not_authentic: int
    repeats: int

    def is_exact(self, changes: int) -> bool:
        """Whether every change arrived, in order."""
        return self == Delivery(changes, 0, 0, 0, 0, self.repeats)


def delivery(receiver: Receiver, written: set[Change], apart: Iterable[Change] = ()) -> Delivery:
    """Compare accepted with written changes.

    Changes in `apart` were redriven from dead letters, so they may arrive after newer ones.
    """
    answers = receiver.answers()
    accepted = receiver.accepted()
    changes = [(one.product, one.stock) for one in accepted.values()]
    late = set(apart)
    return Delivery(
        accepted=len(accepted),
        missing=len(written - set(changes)),
        unknown=len(set(changes) - written),
        out_of_order=out_of_order(change for change in changes if change not in late),
        not_authentic=sum(not one.authentic for one in answers),
        repeats=sum(one.status < 300 for one in answers) - len(accepted),
    )


def refusals(highest: int) -> dict[str, int]:
    """Statuses for some changes of products whose stock rises to `highest`.

    413 rejects an event at once, 500 after it has failed alone several times.
    """
    for_good = [(f"w{n}-{n % PRODUCTS_EACH}", highest * (n + 1) // 6) for n in range(5)]
    alone = [(f"w{n}-0", highest * (n - 5) // 3 + 1) for n in (6, 7)]
    return {
        f"{product} {stock}": status
        for status, chosen in ((413, for_good), (500, alone))
        for product, stock in chosen
    }


def has_started(url: str) -> bool:
    """Whether the sink has its first position: what arrives before that is not for it."""
    sinks = httpx.get(f"{url}/v1/sinks", timeout=30).json()["items"]
    return any(sink["name"] == "webhook" and sink["cursor"] is not None for sink in sinks)


def test_receiver_that_hangs_and_fails_gets_every_change(engine: Engine, tmp_path: Path) -> None:
    chance = random.Random(7)
    refused = refusals(CHANGES // THREADS // PRODUCTS_EACH)
    with Receiver(tmp_path / "hook") as receiver:
        environment = {"STOCKPULSE_DYNAMODB": engine.url} | receiver.environment
        with Process(tmp_path / "data", environment=environment, forked=False) as app:
            client = Client(app.url)
            until(lambda: client.follower.last)
            until(lambda: has_started(app.url))
            seconds = sum(phase[0] for phase in TRIAL)
            writers = Writers(engine.url, CHANGES, THREADS, pause=pause(seconds, CHANGES))
            writers.start()
            for seconds, behaviour, kills in TRIAL:
                receiver.set_behaviour(Behaviour(**vars(behaviour) | {"refused": refused}))
                for _ in range(kills):
                    share = chance.uniform(0.1, 0.9)
                    time.sleep(seconds / kills * share)
                    app.kill()
                    app.start()
                    time.sleep(seconds / kills * (1 - share))
                if not kills:
                    time.sleep(seconds)
            receiver.set_behaviour(Behaviour(refused=refused))
            writers.join(600)
            healed = time.monotonic()
            until(lambda: len(receiver.accepted()) >= CHANGES - len(refused), DRAINED)
            drained = time.monotonic() - healed
            until(lambda: len(letters(app)) == len(refused))
            receiver.set_behaviour(Behaviour())
            for letter in letters(app):
                httpx.post(f"{app.url}/v1/dead-letters/{letter}/redrive").raise_for_status()
            until(lambda: not letters(app))
            client.wait_for(CHANGES, 300)
            client.end()
            apart = [(product, int(stock)) for product, stock in map(str.split, refused)]
            found = delivery(receiver, writers.expected, apart)
            live = account(writers, client.follower)
            print(f"\n{engine.name}: {found}; {len(refused)} redriven; drained {drained:.0f} s")
            print(live)
            assert found.is_exact(CHANGES), app.output
            assert live.is_exact(CHANGES), app.output


def letters(app: Process) -> list[str]:
    """The webhook's dead letters."""
    answer = httpx.get(f"{app.url}/v1/dead-letters", params={"sink": "webhook", "limit": 200})
    return [item["id"] for item in answer.raise_for_status().json()["items"]]


def test_every_change_is_delivered_when_the_delivering_worker_is_killed(
    engine: Engine, tmp_path: Path
) -> None:
    chance = random.Random(8)
    with Receiver(tmp_path / "hook") as receiver:
        with SplitDeployment(tmp_path, engine, worker_environment=receiver.environment) as split:
            writers = split.write(3 * (LEASE_TIME + 6))
            moves = []
            for _ in range(3):
                time.sleep(chance.uniform(1, 3))
                victim = split.deliverer()
                assert victim is not None
                victim.kill()
                moves.append(split.wait_taken_from(victim, split.deliverer))
                assert writers.running
                victim.start(ready=False)
            live = split.finish("the worker that delivers killed", writers)
            until(lambda: len(receiver.accepted()) >= CHANGES, DRAINED)
            found = delivery(receiver, writers.expected)
        after = ", ".join(f"{seconds:.1f}" for seconds in moves)
        print(f"{found}; taken over after {after} s")
        assert found.is_exact(live.written), split.trouble
