"""An archive of 20,000 events is exact after its process was killed again and again.

`make faults` runs this.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from app.store.coordination.sink_row import SinkRow
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from app.store.engine import find_running
from app.store.sinks.sink_cursors import SinkCursors
from bench.large import make_tables
from tests.integration.sinks.archive.kit import files, rows
from tests.support.paths import ROOT
from tests.support.processes.process import Process, with_settings
from worker.consumers.files.windows import WINDOW_MS, window_start
from worker.sinks.archive.directory import Directory
from worker.sinks.archive.names import first_in

EVENTS = int(os.environ.get("FAULT_CHANGES", "20000"))
KILLS = 12


def row_of(app: Process) -> SinkRow:
    """The archive's row; an empty one if there is none, or the engine is gone."""
    engine = find_running(app.data_dir)
    if engine is None:
        return SinkRow("archive")
    names = table_names("", None)
    client = connect(engine.url).tables
    return SinkCursors(client, names.checkpoints, CONSUMER).get("archive") or SinkRow("archive")


def test_the_archive_is_exact_after_kills_at_any_time(tmp_path: Path) -> None:
    place = Directory(tmp_path / "archive")
    data, chance = tmp_path / "app" / "data", random.Random(5)
    make_tables(data, 500, EVENTS)
    ends = window_start(int(time.time() * 1000) - 60_000)
    environment = {"STOCKPULSE_ARCHIVE_URL": place.name}
    app = Process(data, environment=environment, forked=False)
    for _ in range(KILLS):
        app.start()
        time.sleep(chance.uniform(0.1, 3.0))
        app.kill()
    app.start()
    try:
        deadline = time.monotonic() + 240
        while (found := row_of(app).cursor) is None or found.ms < ends - 2_000:
            assert time.monotonic() < deadline, app.output
            time.sleep(0.5)
        command = [sys.executable, "-m", "app", "sinks", "check", "archive"]
        own = {"STOCKPULSE_DATA_DIR": str(data)} | environment
        checked = subprocess.run(
            command, cwd=ROOT, env=with_settings(own), capture_output=True, text=True
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finally:
        app.kill()
    cursors = [row["cursor"] for row in rows(place)]
    assert len(set(cursors)) == len(cursors) > 0.9 * EVENTS
    starts = [window_start(cursor.ms) for name in files(place) if (cursor := first_in(name))]
    assert starts == list(range(starts[0], starts[-1] + 1, WINDOW_MS)), "a file for each window"
