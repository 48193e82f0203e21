"""The search index has every product, although its node and the application are killed.

8,000 changes; the node dies three times, the application four times, and the index is rebuilt twice
meanwhile. FAULT_SEARCH_CHANGES changes their number.
"""

import os
import random
import time
from pathlib import Path

import httpx

from app.store.engine import find_running
from tests.faults.writers import Writers
from tests.support.outside.opensearch import OpenSearch
from tests.support.processes.forked import ran
from tests.support.processes.process import Process, with_settings
from tests.support.waiting import until

CHANGES = int(os.environ.get("FAULT_SEARCH_CHANGES", "8000"))
SECONDS = CHANGES / 66  # that the changes take
DRAINED = 300.0
KILLS = ["node", "app", "rebuild", "app", "node", "rebuild", "app", "node", "app"]


def test_every_product_is_in_the_index_in_the_end(tmp_path: Path) -> None:
    chance = random.Random(7)
    (tmp_path / "node").mkdir()
    with OpenSearch(tmp_path / "node") as node:
        search = {"STOCKPULSE_SEARCH_URL": node.url}
        with Process(tmp_path / "data", environment=search) as app:
            own = {"STOCKPULSE_DATA_DIR": str(app.data_dir)} | search

            def sinks(action: str) -> tuple[int, str, str]:
                return ran("sinks", action, "search", environment=with_settings(own))

            until(lambda: node.call("GET", "/stockpulse-products/_count").get("count") == 0, 60)
            engine = find_running(app.data_dir)
            assert engine is not None
            writers = Writers(engine.url, CHANGES, 4, pause=4 * SECONDS / CHANGES)
            writers.start()
            for victim in KILLS:
                time.sleep(SECONDS / len(KILLS) * chance.uniform(0.5, 1.2))
                if victim == "node":
                    node.kill()
                    node.start()
                elif victim == "app":
                    app.kill()
                    app.start()
                else:
                    status, said, why = sinks("rebuild")
                    print(victim, said or why)
            writers.join(SECONDS * 5)
            began = time.monotonic()

            def caught_up() -> bool:
                sink = httpx.get(f"{app.url}/v1/sinks/search").json()
                return bool(sink["lag_events"] == 0 and not sink["last_error"])

            until(caught_up, DRAINED)
            until(lambda: sinks("check")[0] == 0, DRAINED)
            status, said, _ = sinks("check")
            print(f"caught up after {time.monotonic() - began:.1f} s: {said}")
            node.call("POST", "/stockpulse-products/_refresh")
            count = node.call("GET", "/stockpulse-products/_count")["count"]
            letters = httpx.get(f"{app.url}/v1/dead-letters?sink=search").json()["items"]
            assert (status, count, letters) == (0, len({p for p, _ in writers.expected}), [])
            left = [one for one in node.call("GET", "/_alias") if one.startswith("stockpulse")]
            assert len(left) == 1, "no index is left behind"
