"""The program of a rule gets every change although it hangs, fails and asks to wait.

The application is killed meanwhile. FAULT_SINK_SECONDS is how long the program answers 500.
"""

import random
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.faults.engines import Engine
from tests.faults.hook import Behaviour, Receiver
from tests.faults.split import THREADS
from tests.faults.test_bad_sinks import BAD, WELL, delivery
from tests.faults.writers import Writers
from tests.support.processes.process import Process
from tests.support.waiting import until

RATE = 20  # changes per second
DRAINED = 900.0  # seconds: the longest wait between two tries is half an hour

# (Seconds, the program's behaviour, number of kills).
TRIAL: list[tuple[float, Behaviour, int]] = [
    (WELL, Behaviour(), 1),
    (WELL, Behaviour(hangs=True), 1),
    (WELL, Behaviour(), 0),
    (BAD, Behaviour(status=500), 2),
    (WELL, Behaviour(status=429, headers={"Retry-After": "3"}), 1),
    (WELL, Behaviour(), 1),
]


def test_the_program_of_a_rule_gets_every_change_in_order(engine: Engine, tmp_path: Path) -> None:
    chance = random.Random(9)
    environment = {
        "STOCKPULSE_DYNAMODB": engine.url,
        "STOCKPULSE_NOTIFY_PRIVATE_ADDRESSES": "true",
    }
    changes = int(sum(phase[0] for phase in TRIAL) * RATE) // THREADS * THREADS
    receiver = Receiver(tmp_path / "hook")
    with (
        Process(tmp_path / "data", environment=environment, forked=False) as app,
        ExitStack() as own,
    ):
        rule = {
            "name": "All",
            "what": {},
            "recipients": [{"channel": "webhook", "address": receiver.url}],
        }
        made = httpx.post(f"{app.url}/v1/rules", json=rule, timeout=30)
        assert made.status_code == 201, made.text
        (recipient,) = made.json()["recipients"]
        of_recipient = f"{app.url}/v1/rules/{made.json()['id']}/recipients/{recipient['id']}"
        receiver.secret = httpx.get(f"{of_recipient}/secret").json()["secret"]
        own.enter_context(receiver)
        until(lambda: _has_started(app.url))
        writers = Writers(engine.url, changes, THREADS, pause=THREADS / RATE)
        writers.start()
        for seconds, behaviour, kills in TRIAL:
            receiver.set_behaviour(behaviour)
            for _ in range(kills):
                share = chance.uniform(0.1, 0.9)
                time.sleep(seconds / kills * share)
                app.kill()
                app.start()
                time.sleep(seconds / kills * (1 - share))
            if not kills:
                time.sleep(seconds)
        receiver.set_behaviour(Behaviour())
        writers.join(600)
        healed = time.monotonic()
        until(lambda: len(receiver.accepted()) >= changes, DRAINED)
        found = delivery(receiver, writers.expected)
        print(f"\n{engine.name}: {found}; drained in {time.monotonic() - healed:.0f} s")
        wrong = (found.missing, found.unknown, found.out_of_order, found.not_authentic)
        assert wrong == (0, 0, 0, 0), app.output


def _has_started(url: str) -> bool:
    """Whether the sink has its first position: what arrives before that is not for it."""
    sinks = httpx.get(f"{url}/v1/sinks", timeout=30).json()["items"]
    return any(one["name"] == "notifications" and one["cursor"] for one in sinks)
