"""A file sent to the API is compared, written as one batch, and taken back as one."""

import functools

import pytest

from app.core.errors import StoreUnavailable
from app.store.imports.bulk_writes import BulkWrites
from app.store.products.product_repository import ProductRepository
from app.web.imports import import_threads
from tests.integration.imports.importing import counts, done, product, rows, sent
from tests.support.processes.running import App
from tests.support.waiting import until


def test_rows_are_compared_written_and_taken_back(shared: App) -> None:
    app = shared
    app.create("A", stock=5, price="1.00", category="Tea")
    app.create("B", stock=6)
    app.create("C", stock=7, barcode="0123")
    app.create("00042", stock=1)
    file = (
        "SKU;Name;Price;Stock;EAN\r\n"
        "A;Name of A;1,50;5;\r\n"
        "B;Name of B;;6;\r\n"
        "C;;;;123\r\n"
        "NEW;New one;2,00;;\r\n"
        "BAD;;x;1;\r\n"
        "42;Lost;;;\r\n"
        "TWICE;a;;;\r\n"
        "TWICE;b;;;\r\n"
        ";no id;;;\r\n"
    )
    one = sent(app, file, filename="prices.csv")
    assert (one["state"], one["decimal"], one["detail"]) == ("ready", ",", None)
    assert counts(one) == [1, 1, 1, 6]
    assert one["fields"] == {"price": 2, "name": 1, "stock": 1}
    found = rows(app, one)
    assert found["A"]["changes"] == [{"field": "price", "before": "1", "after": "1.5"}]
    assert "leading zeros" in found["C"]["reason"]
    assert "there is 00042" in found["42"]["reason"]
    assert "“x” is not a number" in found["BAD"]["reason"]
    assert "Row 8 has the same product ID" in found["TWICE"]["reason"]
    assert found[""]["reason"] == "It has no product ID."
    assert product(app, "A")["price"] == "1"

    app.adjust("A", -1)  # a sale does not spoil a new price
    written = done(app, one, "start")
    assert (written["state"], written["written"], written["not_written"]) == ("done", 2, 0)
    assert (product(app, "A")["price"], product(app, "A")["stock"]) == ("1.5", 4)
    assert (product(app, "NEW")["name"], product(app, "NEW")["stock"]) == ("New one", 0)
    query = {"q": f'reference:"import {one["id"]}"'}
    until(lambda: len(app.http.get("/v1/events", params=query).json()["items"]) == 2)

    undone = done(app, one, "undo")
    assert (undone["state"], undone["undone"], undone["kept"]) == ("undone", 2, 0)
    assert (product(app, "A")["price"], product(app, "A")["stock"]) == ("1", 4)
    assert app.http.get("/v1/products/NEW").status_code == 410
    again = app.http.post(f"/v1/imports/{one['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "import-not-ready")


def test_a_product_that_changed_since_the_preview_is_refused(shared: App) -> None:
    app = shared
    for product_id in ("S1", "S2", "S3", "S4"):
        app.create(product_id, stock=5)
    file = "sku,name,stock\nS1,,9\nS2,Two,\nS3,,9\nS4,,9\nS5,Five,1\n"
    one = sent(app, file)
    assert counts(one) == [1, 4, 0, 0]
    app.adjust("S1", -1)
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    app.http.patch("/v1/products/S2", json={"category": "x"}, headers=patch)
    app.http.delete("/v1/products/S4", headers={"If-Match": "*"})
    app.create("S5", stock=8)
    written = done(app, one, "start")
    assert (written["written"], written["not_written"]) == (1, 4)
    found = rows(app, one, "refused")
    assert {name: row["reason"][:40] for name, row in found.items()} == {
        "S1": "The product has changed since the previe",
        "S2": "The product has changed since the previe",
        "S4": "The product was deleted since the previe",
        "S5": "A product with this ID was created since",
    }
    assert [product(app, name)["stock"] for name in ("S1", "S3", "S5")] == [4, 9, 8]

    app.adjust("S3", 2)  # a later delivery stays when the import is taken back
    assert done(app, one, "undo")["undone"] == 1
    assert product(app, "S3")["stock"] == 7


def test_what_cannot_be_taken_back_is_left_and_can_be_tried_again(shared: App) -> None:
    app = shared
    app.create("U1", stock=5, category="old")
    one = sent(app, "sku,category\nU1,new\n")
    done(app, one, "start")
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    app.http.patch("/v1/products/U1", json={"category": "newer"}, headers=patch)
    kept = done(app, one, "undo")
    assert (kept["state"], kept["undone"], kept["kept"]) == ("undone", 0, 1)
    assert "A later change touched the same attributes" in rows(app, one, "refused")["U1"]["reason"]
    app.http.patch("/v1/products/U1", json={"category": "new"}, headers=patch)
    assert done(app, one, "undo")["undone"] == 1
    assert product(app, "U1")["category"] == "old"


def test_attributes_and_values_of_other_programs_stay(shared: App) -> None:
    shared.put_outside(ProductID=" odd id ", ProductName=" odd ", Stock="7", Colour="red")
    one = sent(shared, "sku,name,stock,price\n odd id , odd ,7,\n odd id 2,x,1,2\n")
    assert counts(one) == [1, 0, 1, 0], rows(shared, one)
    one = sent(shared, "sku,name,price\n odd id , odd ,3\n", start="true")
    assert (one["state"], one["written"]) == ("done", 1)
    found = product(shared, "%20odd%20id%20")
    assert (found["name"], found["price"], found["attributes"]) == (" odd ", "3", {"Colour": "red"})


def test_empty_cells_stay_or_remove_the_value(shared: App) -> None:
    shared.create("E1", stock=5, category="x", tags=["a"], no_reorder=True)
    file = "sku,name,stock,category,tags,no reorder\nE1,,,,,\n"
    assert counts(sent(shared, file)) == [0, 0, 1, 0]
    one = sent(shared, file, clear="true", start="true")
    assert (one["state"], one["fields"]) == ("done", {"category": 1, "tags": 1, "no_reorder": 1})
    found = product(shared, "E1")
    assert (found["category"], found["tags"], found["no_reorder"]) == (None, [], False)
    assert (found["name"], found["stock"]) == ("Name of E1", 5)


def test_columns_are_chosen_and_remembered(shared: App) -> None:
    file = "Ref X,Wert,Text\nR1,5,One\n"
    one = sent(shared, file)
    assert one["detail"].startswith("Choose the column with the product ID")
    refused = shared.http.post(f"/v1/imports/{one['id']}/start")
    assert (refused.status_code, refused.json()["code"]) == (409, "import-not-ready")
    chosen = ["Ref X=product_id", "Text=name", "Wert=stock"]
    one = sent(shared, file, column=chosen, start="true")
    assert (one["state"], product(shared, "R1")["stock"]) == ("done", 5)
    again = sent(shared, "Text,Wert,Ref X\nTwo,6,R2\n")
    assert [column["field"] for column in again["columns"]] == ["name", "stock", "product_id"]
    wrong = shared.http.post("/v1/imports", params={"column": "x=nothing"}, content="x")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (",".join(f"c{n}" for n in range(1000)).encode(), "1,000 columns"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_what_to_do(
    shared: App, content: bytes, message: str
) -> None:
    one = sent(shared, content, start="true")
    assert one["state"] == "failed"
    assert message in one["detail"]
    assert shared.http.delete(f"/v1/imports/{one['id']}").status_code == 204
    assert shared.http.get(f"/v1/imports/{one['id']}").status_code == 404


def test_100_mb_are_refused_without_being_stored(shared: App) -> None:
    piece = b"x" * (1 << 20)
    before = [one["id"] for one in shared.http.get("/v1/imports").json()["items"]]
    chunked = shared.http.post("/v1/imports", content=(piece for _ in range(100)))
    whole = shared.http.post("/v1/imports", content=piece * 100)
    for answer in (chunked, whole):
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert "an import takes 20 MB" in answer.json()["detail"]
    assert [one["id"] for one in shared.http.get("/v1/imports").json()["items"]] == before
    folder = shared.services.settings.data_dir / "imports"
    assert {found.name for found in folder.iterdir()} == set(before)


def test_a_form_is_no_file(shared: App) -> None:
    answer = shared.http.post("/v1/imports", files={"file": b"sku\n1\n"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


def test_an_outage_is_waited_for_and_each_row_is_written_once(
    shared: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write is applied, but its answer is lost; the second one does not arrive."""
    app, patch = shared, ProductRepository.patch
    for product_id in ("O1", "O2", "O3"):
        app.create(product_id, stock=5)
    lost = {"O1": True, "O2": False}  # whether it was applied

    def faulty(self: ProductRepository, product_id: str, *given: object) -> object:
        is_applied = lost.pop(product_id, None)
        if is_applied is not False:
            found = patch(self, product_id, *given)  # type: ignore[arg-type]
        if is_applied is True:
            app.adjust(product_id, -1)  # what hides the write from a comparison
        if is_applied is not None:
            raise StoreUnavailable("gone")
        return found

    monkeypatch.setattr(ProductRepository, "patch", faulty)
    monkeypatch.setattr(BulkWrites, "change", lambda *_: False)
    one = sent(app, "sku,stock\nO1,9\nO2,9\nO3,9\n", start="true")
    assert (one["state"], one["written"], one["not_written"]) == ("done", 3, 0)
    assert [product(app, name)["stock"] for name in ("O1", "O2", "O3")] == [8, 9, 9]


def test_a_transaction_whose_answer_is_lost_is_not_repeated(
    shared: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("create", "change"):
        write = getattr(BulkWrites, name)
        lost = functools.partialmethod(
            lambda self, given, write: not write(self, given), write=write
        )
        monkeypatch.setattr(BulkWrites, name, lost)
    file = "sku,name,stock\n" + "".join(f"L{n},Name,{n}\n" for n in range(3))
    for version in (1, 2):
        one = sent(shared, file.replace("Name", f"Name {version}"), start="true")
        assert (one["state"], one["written"], one["not_written"]) == ("done", 3, 0)
        assert {product(shared, f"L{n}")["version"] for n in range(3)} == {version}


def test_the_oldest_import_makes_room_for_a_new_one(
    shared: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_threads, "MOST", 2)
    first, second, third = (sent(shared, f"sku,name\nX{n},x\n")["id"] for n in range(3))
    assert [one["id"] for one in shared.http.get("/v1/imports").json()["items"]] == [third, second]
    assert not (shared.services.settings.data_dir / "imports" / first).exists()
