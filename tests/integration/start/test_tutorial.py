"""The tutorial's steps work as written."""

import re
import time
from pathlib import Path
from typing import Any

from tests.support.processes.process import ROOT
from tests.support.processes.running import serving, settings_for


def test_tutorial_runs_from_top_to_bottom(endpoint: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text()
    table = f"Tutorial-{tmp_path.name[-20:]}"
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 7
    names: dict[str, object] = {}
    for block in blocks:
        code = block.replace("http://127.0.0.1:8001", endpoint).replace("TutorialProducts", table)
        exec(compile(code, "docs/tutorial.md", "exec"), names)
    names.clear()

    command = re.search(r"```sh\nSTOCKPULSE_PRODUCTS_TABLE=TutorialProducts make run\n```", text)
    assert command is not None
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        deadline = time.monotonic() + 15
        items: list[Any] = []
        while len(items) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
            items = app.http.get("/v1/events").json()["items"]
        assert [event["data"]["stock_after"] for event in items] == [50, 53]
