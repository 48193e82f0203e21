"""20,000 changes while the webhook's receiver hangs, fails and refuses, and the sender is killed.

Every change reaches the receiver, each product's first deliveries in order; the live feed is exact
as ever. FAULT_SINK_SECONDS is how long the receiver answers 500.
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
from tests.faults.hook import Change, Mood, Receiver
from tests.faults.split import CHANGES, THREADS, Split, pause
from tests.faults.writers import PRODUCTS_EACH, Writers, account, out_of_order
from tests.support.processes.process import Process
from tests.support.waiting import until
from worker.leasing.assignment import LEASE_TIME

BAD = float(os.environ.get("FAULT_SINK_SECONDS", "60"))
DRAINED = 600.0  # seconds, on a machine with other things to do

# Seconds, what the receiver does, and how often the application is killed meanwhile. A new process
# reads once the dead one's leases have run out.
WELL = LEASE_TIME + 5
TRIAL: list[tuple[float, Mood, int]] = [
    (WELL, Mood(), 0),
    (WELL, Mood(hangs=True), 0),
    (WELL, Mood(), 1),
    (WELL, Mood(hangs=True), 1),
    (WELL, Mood(), 0),
    (BAD, Mood(status=500), 2),
    (WELL, Mood(), 1),
    (WELL, Mood(status=429, headers={"Retry-After": "3"}), 1),
]


@dataclass(frozen=True)
class Delivery:
    """What became of the changes at a receiver that drops repeated ids."""

    accepted: int
    missing: int
    unknown: int
    out_of_order: int
    not_authentic: int
    repeats: int

    def is_exact(self, changes: int) -> bool:
        """Whether everything came, in order."""
        return self == Delivery(changes, 0, 0, 0, 0, self.repeats)


def delivery(receiver: Receiver, written: set[Change], apart: Iterable[Change] = ()) -> Delivery:
    """Hold what was accepted against what was written.

    Changes that came `apart`, from a dead letter, come after newer ones.
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
    """Some changes of products whose stock rises to `highest`, and what they are answered.

    413 refuses an event at once, 500 once it has failed alone several times.
    """
    for_good = [(f"w{n}-{n % PRODUCTS_EACH}", highest * (n + 1) // 6) for n in range(5)]
    alone = [(f"w{n}-0", highest * (n - 5) // 3 + 1) for n in (6, 7)]
    return {
        f"{product} {stock}": status
        for status, chosen in ((413, for_good), (500, alone))
        for product, stock in chosen
    }


def test_a_receiver_that_hangs_and_fails_gets_every_change(engine: Engine, tmp_path: Path) -> None:
    chance = random.Random(7)
    refused = refusals(CHANGES // THREADS // PRODUCTS_EACH)
    with Receiver(tmp_path / "hook") as receiver:
        environment = {"STOCKPULSE_DYNAMODB": engine.url} | receiver.environment
        with Process(tmp_path / "data", environment=environment) as app:
            client = Client(app.url)
            until(lambda: client.follower.last)
            seconds = sum(phase[0] for phase in TRIAL)
            writers = Writers(engine.url, CHANGES, THREADS, pause=pause(seconds, CHANGES))
            writers.start()
            for seconds, mood, kills in TRIAL:
                receiver.become(Mood(**vars(mood) | {"refused": refused}))
                for _ in range(kills):
                    share = chance.uniform(0.1, 0.9)
                    time.sleep(seconds / kills * share)
                    app.kill()
                    app.start()
                    time.sleep(seconds / kills * (1 - share))
                if not kills:
                    time.sleep(seconds)
            receiver.become(Mood(refused=refused))
            writers.join(600)
            healed = time.monotonic()
            until(lambda: len(receiver.accepted()) >= CHANGES - len(refused), DRAINED)
            drained = time.monotonic() - healed
            until(lambda: len(letters(app)) == len(refused))
            receiver.become(Mood())
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


def test_the_worker_that_delivers_is_killed(engine: Engine, tmp_path: Path) -> None:
    chance = random.Random(8)
    with Receiver(tmp_path / "hook") as receiver:
        with Split(tmp_path, engine, environment=receiver.environment) as split:
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
