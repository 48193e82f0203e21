"""20,000 changes while the store is away: it hangs for a minute, or is killed and stays away.

Workers, web process and writers wait for it; nobody gives up, and nothing is skipped.
"""

import time
from pathlib import Path

import pytest

from tests.faults.engines import EMBEDDED, Engine
from tests.faults.split import Split

GONE = 60.0  # seconds
KILLED, AWAY = 3, 10.0  # times, seconds each


def test_the_store_hangs_for_a_minute(engine: Engine, tmp_path: Path) -> None:
    with Split(tmp_path, engine) as split:
        writers = split.write(15)
        time.sleep(5)
        engine.pause()
        before = writers.written
        time.sleep(GONE)
        assert before <= writers.written < before + 16  # answers that were on their way
        assert writers.running
        engine.resume()
        split.web.wait_ready(60)
        split.finish(f"store stopped for {GONE:.0f} s", writers)


@pytest.mark.parametrize("engine", [EMBEDDED], indirect=True)
def test_the_store_is_killed_and_stays_away(engine: Engine, tmp_path: Path) -> None:
    with Split(tmp_path, engine) as split:
        writers = split.write(20)
        for _ in range(KILLED):
            time.sleep(3)
            assert writers.running
            engine.kill()
            time.sleep(AWAY)
            engine.start()
        split.web.wait_ready(60)
        split.finish(f"store killed {KILLED} times, away for {AWAY:.0f} s each", writers)
