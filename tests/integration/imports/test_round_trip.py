"""An export of products imports again without a change, whatever the products hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.imports.importing import counts, rows, sent
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

LONG = "12345678901234567890.123456"


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    settings = settings_for(endpoint, tmp_path_factory.mktemp("trip"), stock_decimals=3)
    with serving(settings) as running:
        running.create("007", stock=0, price="19.90", name="=1+1", barcode="00012345678901234567")
        running.create("-5", stock=12, name="'quoted", tags=["a;b", "=x", "c\\", "d,e"])
        running.create("P3", stock=3, name='He said "no", twice', category="Größe 😀")
        running.create("P4", stock=4, name="a;=b", reorder_point=9, category="+1")
        running.create("P5", stock=5, name="<r><t>x</t></r>", category="@home", no_reorder=True)
        running.create("P6", stock=1, price="1.234", name="x_x0041_y")
        put = running.put_outside
        put(ProductID="O1", ProductName=" two\nlines\t ", Stock="many", Colour="red", Price=3)
        put(ProductID=" O2 ", Stock=-3, ProductName="")
        put(ProductID="O3", ProductName="A\u030a", Category="'=x", Barcode="-1")
        put(ProductID="O4", ProductName="x" * 40_000, Stock=LONG)
        put(ProductID="O5", ProductName="\x01\r", Tags=[{"S": "b "}, {"S": "a"}, {"S": "b "}])
        until(lambda: running.http.get("/v1/products?total=exact").json()["total"]["count"] == 11)
        yield running


@pytest.mark.parametrize("parameters", [{}, {"safe": "false"}, {"bom": "true"}])
def test_csv(app: App, parameters: dict[str, str]) -> None:
    file = app.http.get("/v1/products", params=parameters, headers={"Accept": "text/csv"}).content
    assert len(file) > 1_000
    one = sent(app, file)
    assert counts(one) == [0, 0, 11, 0], rows(app, one, "change") | rows(app, one, "refused")


def test_spreadsheet(app: App, tmp_path: Path) -> None:
    answer = app.http.post("/v1/exports", json={"of": "products", "format": "xlsx"})
    path = answer.headers["Location"]
    until(lambda: app.http.get(path).json()["state"] == "ready")
    one = sent(app, app.http.get(f"{path}/file").content)
    assert counts(one) == [0, 0, 11, 0], rows(app, one, "change") | rows(app, one, "refused")
    assert one["columns"][0] == {"name": "product_id", "field": "product_id"}
