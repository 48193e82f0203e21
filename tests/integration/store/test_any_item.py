"""Whatever another program keeps in an item, every route and page shows it, and writes keep it."""

import uuid
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from app.core.item import DEFAULT_NAMES, Item, canonical
from tests.support.processes.running import App
from tests.unit.core.item_values import attribute_values

JSON = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
FOREIGN = ("Shelf", "Version", "Note", "UpdatedAt", "DeletedBy", "aws:rep:deleting")
ITEMS = st.dictionaries(
    st.sampled_from((*DEFAULT_NAMES.known, *FOREIGN, DEFAULT_NAMES.metadata)),
    attribute_values(),
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
@given(attributes=ITEMS)
def test_any_item_is_shown_and_kept(shared: App, attributes: dict[str, Any]) -> None:
    table = shared.services.about.products_table
    key = {"ProductID": {"S": f"any-{uuid.uuid4().hex}"}}
    product_id = key["ProductID"]["S"]
    try:
        shared.tables.put_item(TableName=table, Item={**key, **attributes})
    except ClientError:  # an engine refuses some of them, such as an empty name in a map
        reject()
    stored = read(shared, table, key)

    path = f"/v1/products/{product_id}"
    for shown in (
        path,
        "/v1/products?limit=200",
        f"{path}/events",
        "/products?limit=200",
        f"/products/edit?id={product_id}",
        f"/products/adjust?id={product_id}",
        f"/products/history?id={product_id}",
    ):
        assert shared.http.get(shown).status_code == 200, shown

    for write in (
        lambda: shared.http.patch(path, content='{"name":"Mug"}', headers=JSON),
        lambda: shared.adjust(product_id, 1),
        lambda: shared.http.post(f"{path}/counts", json={"counted": 3}),
    ):
        answer = write()
        assert answer.status_code in {200, 409}, answer.text
        assert answer.status_code == 409 or answer.json()["product_id"] == product_id
    after = read(shared, table, key)
    kept = {*FOREIGN, "Category", "Price", "ReorderPoint", "Tags", "Barcode"}
    for name in kept | ({"Stockpulse"} if is_foreign(stored) else set()):
        assert name_of(after, name) == name_of(stored, name), name

    gone = shared.http.delete(path, headers={"If-Match": "*"})
    assert gone.status_code == (409 if is_foreign(stored) else 204), gone.text


def read(app: App, table: str, key: Any) -> Item:
    found: Item = app.tables.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    return found


def is_foreign(item: Item) -> bool:
    return "Stockpulse" in item


def name_of(item: Item, name: str) -> bytes:
    return canonical({name: item[name]} if name in item else {})
