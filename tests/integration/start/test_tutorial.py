"""The tutorial's steps work as written."""

import re
from pathlib import Path
from typing import Any

from tests.support.http import plain
from tests.support.paths import DOCS
from tests.support.processes.forked import ran
from tests.support.processes.process import Process, with_settings
from tests.support.waiting import until

PRODUCT = {"product_id": "P123", "name": "Own kettle", "stock": 9}  # the same id as the tutorial's


def test_tutorial_runs_beside_a_running_shop_and_both_audits_verify(
    endpoint: str, tmp_path: Path
) -> None:
    text = (DOCS / "start" / "tutorial.md").read_text()
    table = f"Tutorial-{tmp_path.name[-20:]}"
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 7
    names: dict[str, object] = {}
    for block in blocks:
        code = block.replace("http://127.0.0.1:8001", endpoint).replace("TutorialProducts", table)
        exec(compile(code, "docs/start/tutorial.md", "exec"), names)
    names.clear()

    (command,) = re.findall(r"```sh\n(STOCKPULSE_.*?)make run\n```", text, re.DOTALL)
    settings = dict(re.findall(r"(STOCKPULSE_[A-Z_]+)=(\S+)", command))
    del settings["STOCKPULSE_DATA_DIR"], settings["STOCKPULSE_PORT"]
    settings |= {
        "STOCKPULSE_DYNAMODB": endpoint,
        "STOCKPULSE_PRODUCTS_TABLE": table,
        "STOCKPULSE_TABLE_PREFIX": f"{table}-",
    }
    own = {"STOCKPULSE_DYNAMODB": endpoint, "STOCKPULSE_TABLE_PREFIX": f"{tmp_path.name}-"}
    with Process(tmp_path / "own", environment=own) as first:
        plain.post(f"{first.url}/v1/products", json=PRODUCT).raise_for_status()
        with Process(tmp_path / "tutorial", environment=settings) as second:
            until(lambda: stocks(second) == [53, 50])
        until(lambda: stocks(first) == [PRODUCT["stock"]])
    for folder, environment in (("own", own), ("tutorial", settings)):
        environment["STOCKPULSE_DATA_DIR"] = str(tmp_path / folder)
        status, output, errors = ran("verify", environment=with_settings(environment))
        assert status == 0, output + errors


def stocks(app: Process) -> list[Any]:
    events = plain.get(f"{app.url}/v1/events").json()["items"]
    return [event["data"]["stock_after"] for event in reversed(events)]
