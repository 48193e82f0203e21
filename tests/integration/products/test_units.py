"""Each quantity is shown with its product's unit, if the table has an attribute for units."""

from collections.abc import Iterator

import pytest

from tests.support.http.sse import Listener
from tests.support.processes.running import App, serving, settings_for

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application whose products may have a unit; each test has products of its own."""
    folder = tmp_path_factory.mktemp("units")
    with serving(settings_for(endpoint, folder, unit_attribute="Measure")) as running:
        yield running


def test_unit_is_created_patched_and_removed(app: App) -> None:
    assert app.create("Ua", unit="kg").json()["unit"] == "kg"
    for unit in ("g", None):
        patched = app.http.patch(
            "/v1/products/Ua",
            json={"unit": unit},
            headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
        )
        assert patched.json()["unit"] == unit
    assert "Measure" not in app.http.get("/v1/products/Ua").json()["attributes"]


def test_event_has_the_unit_and_is_attributed_to_its_author(app: App) -> None:
    with Listener(app.url, product_id="Ub") as feed:
        app.create("Ub", 12, unit="kg")
        app.adjust("Ub", -3)
        events = [message.data["data"] for message in feed.changes(2)]
    assert [(event["unit"], event["actor"]) for event in events] == [("kg", "local")] * 2
    stored = app.http.get("/v1/products/Ub/events").json()["items"]
    assert {event["data"]["unit"] for event in stored} == {"kg"}


def test_error_about_too_little_stock_names_the_unit(app: App) -> None:
    app.create("Uc", 3, unit="kg")
    assert "only 3 kg in stock, so 5 kg" in app.adjust("Uc", -5).json()["detail"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("", "12 → 9 kg (−3)"),
        ("products", 'data-part="stock">9 kg</span>'),
        ("products", 'data-part="reorder">4 kg</td>'),
        ("products", 'data-unit=", kg"'),
        ("products/history?id=Ud", "<strong>9 kg</strong> in stock"),
        ("products/history?id=Ud", "12 → 9 kg (−3)"),
        ("products/adjust?id=Ud", '>Quantity<span data-part="unit">, kg</span></label>'),
        ("products/adjust?id=Ud", "9 kg in stock"),
        ("products/delete?id=Ud", "9 kg in stock"),
        ("products/edit?id=Ud", ">Stock, kg</label>"),
        ("products/edit?id=Ud", ">Reorder at, kg</label>"),
    ],
)
def test_page_shows_the_unit_beside_the_quantity(app: App, page: str, text: str) -> None:
    if app.http.get("/v1/products/Ud").status_code == 404:
        with Listener(app.url, product_id="Ud") as feed:
            app.create("Ud", 12, unit="kg", reorder_point=4)
            app.adjust("Ud", -3)
            feed.changes(2)
    assert text in app.http.get(f"/{page}", headers=HTML).text


def test_form_sets_the_unit(app: App) -> None:
    typed = {"product_id": "Ue", "name": "Rice", "stock": "5", "unit": "kg"}
    assert app.http.post("/products/new", data=typed).status_code == 303
    edited = {"was_name": "Rice", "name": "Rice", "was_stock": "5", "stock": "5"}
    edited |= {"was_unit": "kg", "unit": "g", "etag": "*"}
    assert app.http.post("/products/edit?id=Ue", data=edited).status_code == 303
    assert app.http.get("/v1/products/Ue").json()["unit"] == "g"


def test_unit_is_refused_where_the_table_has_no_attribute_for_it(shared: App) -> None:
    body = {"product_id": "Uf", "name": "Rice", "stock": 5, "unit": "kg"}
    refused = shared.http.post("/v1/products", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "unit-not-stored")
    assert shared.http.get("/v1/products/Uf").status_code == 404
    assert shared.http.post("/v1/products", json=body | {"unit": None}).status_code == 201
    assert 'name="unit"' not in shared.http.get("/products/edit?id=Uf", headers=HTML).text
