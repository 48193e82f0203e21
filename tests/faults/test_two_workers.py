"""No change is lost, doubled or reordered in 20,000 while one of two workers is killed or paused.

A pause outlasts the worker's lease. The other worker takes the shard over within the lease time.
"""

import random
import time
from pathlib import Path

from tests.faults.engines import Engine
from tests.faults.split import SplitDeployment
from worker.leasing.assignment import LEASE_TIME

TIMES = 3


def test_no_change_is_lost_when_one_of_two_workers_is_killed(
    engine: Engine, tmp_path: Path
) -> None:
    chance = random.Random(5)
    moves = []
    with SplitDeployment(tmp_path, engine) as split:
        writers = split.write(TIMES * (LEASE_TIME + 6))
        for _ in range(TIMES):
            time.sleep(chance.uniform(1, 3))
            victim = split.holder()
            assert victim is not None
            victim.kill()
            moves.append(split.wait_taken_from(victim, split.holder))
            assert writers.running
            victim.start(ready=False)
        split.finish(f"worker killed {TIMES} times, taken over after {listed(moves)} s", writers)


def test_no_change_is_lost_when_one_of_two_workers_is_paused_past_its_lease(
    engine: Engine, tmp_path: Path
) -> None:
    chance = random.Random(6)
    moves = []
    with SplitDeployment(tmp_path, engine) as split:
        writers = split.write(TIMES * (LEASE_TIME + 8))
        for _ in range(TIMES):
            time.sleep(chance.uniform(1, 3))
            sleeper = split.holder()
            assert sleeper is not None
            sleeper.pause()
            moves.append(split.wait_taken_from(sleeper, split.holder))
            time.sleep(max(0.0, LEASE_TIME + chance.uniform(1, 3) - moves[-1]))
            assert writers.running
            sleeper.resume()
        split.finish(f"worker paused {TIMES} times, taken over after {listed(moves)} s", writers)


def listed(seconds: list[float]) -> str:
    return ", ".join(f"{each:.1f}" for each in seconds)
