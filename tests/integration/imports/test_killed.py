"""A server that is killed in the middle of an import finishes it when it starts again."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.http.plain import Client
from tests.support.processes.process import Process
from tests.support.waiting import until

ROWS = 300


@pytest.mark.embedded
def test_a_killed_import_goes_on_writes_each_row_once_and_can_be_undone(tmp_path: Path) -> None:
    server = Process(tmp_path / "data")
    server.start()
    file = "sku,name,stock\n" + "".join(f"K{n},Name {n},{n}\n" for n in range(ROWS))
    try:
        with Client(base_url=server.url, timeout=30) as http:
            sent: Any = http.post("/v1/imports?start=true", content=file).json()
            path = f"/v1/imports/{sent['id']}"
            until(lambda: http.get(path).json()["written"] >= 40)
        server.kill()
        server.start()
        with Client(base_url=server.url, timeout=30) as http:
            done = until(lambda: (one := http.get(path).json())["state"] == "done" and one, 60)
            assert (done["written"], done["not_written"]) == (ROWS, 0)
            until(lambda: len(everything(http)) == ROWS)
            assert {product["version"] for product in everything(http)} == {1}

            assert http.post(f"{path}/undo").status_code == 202
            until(lambda: http.get(path).json()["undone"] >= 40)
        server.kill()
        server.start()
        with Client(base_url=server.url, timeout=30) as http:
            undone = until(lambda: (one := http.get(path).json())["state"] == "undone" and one, 60)
            assert (undone["undone"], undone["kept"]) == (ROWS, 0)
            gone = f"/v1/products/K{ROWS - 1}"
            until(lambda: http.get(gone).status_code == 410)
    finally:
        server.kill()


def everything(http: Client) -> list[Any]:
    """Every product, page by page; empty while the server's copy of them is not filled."""
    found: list[Any] = []
    query = {"limit": "200"}
    while True:
        page = http.get("/v1/products", params=query)
        if not page.is_success:
            return []
        found += page.json()["items"]
        if page.json()["next_cursor"] is None:
            return found
        query["cursor"] = page.json()["next_cursor"]
