"""The read model fills beside a live server, follows every writer, and survives any end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.readmodel import fill, follower
from app.readmodel.database import Database
from app.readmodel.opening import FILE
from app.store.dynamodb.client import connect
from app.store.engine import find_running
from tests.support.http.plain import Client
from tests.support.processes.process import Process
from tests.support.processes.running import App, item, serving, settings_for
from tests.support.waiting import until


def ids(app: App, **query: Any) -> list[str]:
    answer = app.http.get("/v1/products", params={"limit": 200} | query)
    assert answer.status_code == 200, answer.text
    return [product["product_id"] for product in answer.json()["items"]]


def filled(app: App) -> bool:
    return app.services.read_model.state.filled


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One application for all tests; each has products with its own letter."""
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("following"))) as running:
        until(lambda: filled(running))
        yield running


def test_own_write_is_in_the_next_list(app: App) -> None:
    for number in range(20):
        app.create(f"A{number}", number, name=f"Quokka {number}")
        assert f"A{number}" in ids(app, q="quokka")
        app.adjust(f"A{number}", 100, "received")
        assert f"A{number}" in ids(app, q="quokka", min_stock=100)
        etag = app.http.get(f"/v1/products/A{number}").headers["ETag"]
        app.http.delete(f"/v1/products/A{number}", headers={"If-Match": etag})
        assert ids(app, q="quokka") == []
        assert f"A{number}" in ids(app, q="quokka", deleted="true")


def test_writes_of_other_programs_follow(app: App) -> None:
    table = app.services.about.products_table
    app.put_outside(ProductID="B1", ProductName="Zebra", Stock=3)
    until(lambda: ids(app, q="zebra") == ["B1"])
    app.put_outside(ProductID="B1", ProductName="Okapi", Stock=3)
    until(lambda: ids(app, q="okapi") == ["B1"])
    assert ids(app, q="zebra") == []
    app.tables.delete_item(TableName=table, Key=item(ProductID="B1"))
    until(lambda: ids(app, q="okapi") == [])


def test_list_is_equal_to_the_single_products(app: App) -> None:
    app.create("C1", 5, price="9.90", tags=["x"], category="Cc")
    app.put_outside(ProductID="C2", Stock="none", shelf="A7", ProductName="odd", Category="Cc")
    until(lambda: ids(app, category="Cc") == ["C1", "C2"])
    listed = app.http.get("/v1/products", params={"category": "Cc"}).json()["items"]
    assert listed == [app.http.get(f"/v1/products/C{n}").json() for n in (1, 2)]


def test_total_and_order(app: App) -> None:
    for number, stock in enumerate((5, 30, 10)):
        app.create(f"D{number}", stock, category="Dd")
    answer = app.http.get(
        "/v1/products?category=Dd&sort=-stock&limit=2&total=exact", headers={"Accept": "*/*"}
    )
    body = answer.json()
    assert [product["product_id"] for product in body["items"]] == ["D1", "D2"]
    assert body["total"] == {"count": 3, "exact": True}
    rest = app.http.get(answer.links["next"]["url"]).json()
    assert [product["product_id"] for product in rest["items"]] == ["D0"]


@pytest.mark.parametrize(
    "query", ["sort=color", "min_stock=x", "low=maybe", "total=all", "colour=red", "cursor=p.x"]
)
def test_wrong_parameter_is_named(app: App, query: str) -> None:
    answer = app.http.get(f"/v1/products?{query}")
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["pointer"] == f"?{query.partition('=')[0]}"


def test_page_searches_without_script(app: App) -> None:
    app.create("E1", 1, name="Walrus <b>", category="Ee")
    page = app.http.get("/products?q=walrus&sort=-stock", headers={"Accept": "text/html"}).text
    assert "1 product found" in page
    assert "Walrus &lt;b&gt;" in page
    assert 'aria-sort="descending"' in page
    nothing = app.http.get("/products?q=unicorn", headers={"Accept": "text/html"}).text
    assert "No product matches" in nothing


def test_while_it_fills_lists_say_so_and_changes_are_not_lost(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        for number in range(6):
            app.create(f"F{number}", number)
    (tmp_path / FILE).unlink()
    monkeypatch.setattr(fill, "PAGE", 1)
    monkeypatch.setattr(follower, "OFFERED", 1)  # the poll finds what there is no room for
    right = vars(fill.Fill)["_write"]
    waits = []

    def write(self: Any, *given: Any) -> bool:
        written: bool = right(self, *given)
        waits.append(self.progress)
        if len(waits) == 2:
            until(lambda: done, 30)
        return written

    done: list[bool] = []
    monkeypatch.setattr(fill.Fill, "_write", write)
    with serving(settings) as app:
        until(lambda: len(waits) == 2)
        assert len(ids(app)) == 6  # from the table itself
        answer = app.http.get("/v1/products?q=name")
        assert (answer.status_code, answer.json()["code"]) == (503, "read-model-filling")
        assert answer.headers["Retry-After"]
        page = app.http.get("/products", headers={"Accept": "text/html"}).text
        assert "still being read" in page
        app.adjust("F0", 50, "received")
        app.adjust("F5", 50, "received")
        app.put_outside(ProductID="F9", ProductName="new", Stock=70)
        done.append(True)
        until(lambda: filled(app))
        until(lambda: ids(app, sort="-stock")[:3] == ["F9", "F5", "F0"])
        assert len(ids(app)) == 7


def test_restart_continues_where_it_was_and_sees_what_happened_meanwhile(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        app.create("G1")
        until(lambda: filled(app))
        table, tables = app.services.about.products_table, app.tables

        def never(*_: Any) -> Any:
            raise AssertionError("scanned again")

        monkeypatch.setattr(fill.Fill, "_read", never)
        tables.put_item(TableName=table, Item=item(ProductID="G2", ProductName="x", Stock=1))
    with serving(settings) as app:
        until(lambda: ids(app) == ["G1", "G2"])
        until(lambda: app.services.read_model.state.lag < 10)


def test_damage_while_it_runs_is_repaired(endpoint: str, tmp_path: Path) -> None:
    with serving(settings_for(endpoint, tmp_path)) as app:
        app.create("H1")
        until(lambda: filled(app))
        path = tmp_path / FILE
        for suffix in ("", "-wal"):
            found = path.with_name(path.name + suffix)
            with found.open("r+b") as file:
                file.write(b"\xff" * found.stat().st_size)
        app.create("H2")
        until(lambda: app.http.get("/v1/products?q=name").status_code == 200)
        assert ids(app) == ["H1", "H2"]


def test_full_disk_delays_the_copy_and_loses_nothing(
    endpoint: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(settings_for(endpoint, tmp_path)) as app:
        app.create("J0", name="Lynx")
        until(lambda: filled(app))
        until(lambda: app.services.read_model.state.events.filled)
        database = app.services.read_model.database
        with database.writing() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
        limit_pages(database, pages)
        for number in range(1, 30):
            app.put_outside(ProductID=f"J{number}", ProductName="Lynx", Stock=1, x="x" * 9_000)
        until(lambda: "full" in app.services.read_model.state.trouble)
        assert len(ids(app, q="lynx")) < 30
        assert "disk is full" in caplog.text
        assert app.http.get("/v1/products/J29").status_code == 200
        limit_pages(database, 1_000_000)
        until(lambda: len(ids(app, q="lynx")) == 30)
        until(lambda: not app.services.read_model.state.trouble)


def limit_pages(database: Database, most: int) -> None:
    """Let the file have at most this number of pages, as on a small disk."""
    with database.writing() as connection:
        connection.execute(f"PRAGMA max_page_count = {most:d}")


@pytest.mark.embedded
def test_kill_in_the_fill_leaves_a_fill_that_goes_on(tmp_path: Path) -> None:
    process = Process(tmp_path / "data")
    with process:
        engine = find_running(process.data_dir)
        assert engine is not None
        tables = connect(engine.url).tables
        for first in range(0, 3_000, 25):
            put: Any = [
                {"PutRequest": {"Item": item(ProductID=f"K{n}", ProductName="Ibis", Stock=n)}}
                for n in range(first, first + 25)
            ]
            tables.batch_write_item(RequestItems={"Products": put})
        process.kill()
        (process.data_dir / FILE).unlink()
        process.start()
        scanned = []
        for _ in range(3):
            with Client(base_url=process.url) as http:
                until(lambda: state(http)["scanned"] > 0 or state(http)["filled"])
                scanned.append(state(http)["scanned"])
            process.kill()
            process.start()
        with Client(base_url=process.url) as http:
            until(lambda: state(http)["filled"] and state(http)["events"]["filled"], 60)
            path = "/v1/products?q=ibis&sort=-stock&limit=5&total=exact"
            until(lambda: http.get(path).json()["total"]["count"] == 3_000, 60)
            assert scanned[0] < 3_000


def state(http: Client) -> Any:
    return http.get("/readyz").json()["details"]["read_model"]


@pytest.mark.embedded
def test_kill_at_any_time_leaves_a_copy_that_becomes_equal(tmp_path: Path) -> None:
    process = Process(tmp_path / "data")
    with process:
        for turn in range(3):
            with Client(base_url=process.url) as http:
                for number in range(8):
                    body = {"product_id": f"I{turn}-{number}", "name": "n", "stock": number}
                    assert http.post("/v1/products", json=body).status_code == 201
            process.kill()
            process.start()
        with Client(base_url=process.url) as http:
            path = "/v1/products?sort=-stock&limit=200&q=n"
            until(lambda: len(http.get(path).json().get("items", ())) == 24)
