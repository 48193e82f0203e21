"""No change is lost in 20,000 while the store hangs for a minute, or is killed and stays down.

Workers, web process and writers wait for it; none gives up or skips a change.
"""

import time
from pathlib import Path

import pytest

from tests.faults.engines import EMBEDDED, Engine
from tests.faults.split import SplitDeployment

PAUSED = 60.0  # seconds
KILLED, DOWN = 3, 10.0  # times, seconds each


def test_no_change_is_lost_when_the_store_hangs_for_a_minute(
    engine: Engine, tmp_path: Path
) -> None:
    with SplitDeployment(tmp_path, engine) as split:
        writers = split.write(15)
        time.sleep(5)
        engine.pause()
        before = writers.written
        time.sleep(PAUSED)
        assert before <= writers.written < before + 16  # answers already sent
        assert writers.running
        engine.resume()
        split.web.wait_ready(60)
        split.finish(f"store paused for {PAUSED:.0f} s", writers)


@pytest.mark.parametrize("engine", [EMBEDDED], indirect=True)
def test_no_change_is_lost_when_the_store_is_killed_and_stays_down(
    engine: Engine, tmp_path: Path
) -> None:
    with SplitDeployment(tmp_path, engine) as split:
        writers = split.write(20)
        for _ in range(KILLED):
            time.sleep(3)
            assert writers.running
            engine.kill()
            time.sleep(DOWN)
            engine.start()
        split.web.wait_ready(60)
        split.finish(f"store killed {KILLED} times, down for {DOWN:.0f} s each", writers)
