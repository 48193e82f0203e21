"""What another program writes is shown as outside Stockpulse, also if it is a copy of our items."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from app.config.key_files import own_keys, parse_keys
from app.store.audit.verifier import Verifier
from tests.support.processes.running import App
from tests.support.waiting import until

Item = dict[str, Any]
Job = Callable[["Shelf"], None]


class Shelf:
    """A product, and what another program does with its item."""

    def __init__(self, app: App, product_id: str) -> None:
        self.app = app
        self.id = product_id
        self._table = app.services.about.products_table
        app.create(product_id, 10)
        app.adjust(product_id, -3)
        self.sold = self.read()

    def read(self, product_id: str = "") -> Item:
        key = {"ProductID": {"S": product_id or self.id}}
        answer = self.app.tables.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        found: Item = answer["Item"]
        return found

    def put(self, item: Item, **changes: Any) -> None:
        self.app.tables.put_item(TableName=self._table, Item={**item, **changes})

    def remove(self) -> None:
        self.app.tables.delete_item(TableName=self._table, Key={"ProductID": {"S": self.id}})

    def delete(self) -> None:
        """Delete the product with Stockpulse."""
        headers = {"If-Match": "*"}
        assert self.app.http.delete(f"/v1/products/{self.id}", headers=headers).is_success

    def images(self, kind: str) -> list[Item]:
        """What the item was after each audited change of a kind, oldest first."""
        audit = self.app.services.settings.table_names.audit
        entries = self.app.tables.query(
            TableName=audit,
            KeyConditionExpression="ProductID = :p",
            ExpressionAttributeValues={":p": {"S": self.id}},
            ConsistentRead=True,
        )["Items"]
        return [one["After"]["M"] for one in entries if one["Kind"]["S"] == kind and "After" in one]

    def history(self, product_id: str = "") -> list[Any]:
        """The product's events, oldest first."""
        found = self.app.http.get(f"/v1/products/{product_id or self.id}/events?limit=50").json()
        return [event["data"] for event in reversed(found["items"])]

    def page(self, product_id: str = "") -> list[str]:
        """Who made each change, oldest first, as the product's page shows it."""
        html = self.app.http.get(f"/products/history?id={product_id or self.id}").text
        return list(reversed(re.findall(r'data-part="who">([^<]*)</span>', html)))


def put_back_a_stale_copy(shelf: Shelf) -> None:
    shelf.app.adjust(shelf.id, -1)
    shelf.put(shelf.sold)


def put_back_a_stale_copy_with_another_stock(shelf: Shelf) -> None:
    shelf.app.adjust(shelf.id, -1)
    shelf.put(shelf.sold, Stock={"N": "50"})


def put_the_same_item_with_another_attribute(shelf: Shelf) -> None:
    shelf.put(shelf.sold, shelf={"S": "A7"})


def restore_a_backup_over_the_table(shelf: Shelf) -> None:
    shelf.app.adjust(shelf.id, 5, "received")
    shelf.app.adjust(shelf.id, -1)
    shelf.put(shelf.sold)


def restore_a_backup_after_a_deletion(shelf: Shelf) -> None:
    shelf.delete()
    shelf.put(shelf.sold)


def put_back_the_metadata_alone(shelf: Shelf) -> None:
    shelf.app.adjust(shelf.id, -1)
    shelf.put(shelf.read(), Stockpulse=shelf.sold["Stockpulse"])


def change_the_author(shelf: Shelf) -> None:
    metadata = shelf.sold["Stockpulse"]["M"]
    shelf.put(shelf.sold, Stockpulse={"M": {**metadata, "actor": {"S": "mallory"}}})


def repeat_a_sale_and_set_another_attribute(shelf: Shelf) -> None:
    (created,) = until(lambda: shelf.images("inserted"))
    shelf.put(created)
    shelf.put(shelf.sold, shelf={"S": "A7"})


def put_back_an_item_with_its_delete_mark(shelf: Shelf) -> None:
    shelf.delete()
    (marked,) = until(lambda: shelf.images("internal"))
    shelf.put(marked)


def delete_a_changed_item_with_a_stale_delete_mark(shelf: Shelf) -> None:
    shelf.delete()
    (marked,) = until(lambda: shelf.images("internal"))
    shelf.put(marked, Stock={"N": "50"})
    shelf.remove()


JOBS: list[tuple[Job, int, int]] = [  # with the changes that Stockpulse and the program make
    (put_back_a_stale_copy, 3, 1),
    (put_back_a_stale_copy_with_another_stock, 3, 1),
    (put_the_same_item_with_another_attribute, 2, 1),
    (restore_a_backup_over_the_table, 4, 1),
    (restore_a_backup_after_a_deletion, 3, 1),
    (put_back_the_metadata_alone, 3, 1),
    (change_the_author, 2, 1),
    (repeat_a_sale_and_set_another_attribute, 2, 2),
    (put_back_an_item_with_its_delete_mark, 3, 1),
    (delete_a_changed_item_with_a_stale_delete_mark, 3, 2),
]


@pytest.mark.parametrize(
    ("job", "own", "others"), JOBS, ids=lambda value: getattr(value, "__name__", "")
)
def test_another_program_s_copy_is_shown_as_outside(
    shared: App, job: Job, own: int, others: int
) -> None:
    shelf = Shelf(shared, job.__name__)
    job(shelf)
    events = until(lambda: found if len(found := shelf.history()) == own + others else None)
    shown = [(event["actor"], event["request_id"] is None) for event in events]
    assert shown == [("local", False)] * own + [(None, True)] * others
    assert shelf.page() == ["local"] * own + ["outside Stockpulse"] * others


@pytest.mark.parametrize("new_id", ["copied-sale", "copied-insert"])
def test_copy_under_another_id_is_shown_as_outside(shared: App, new_id: str) -> None:
    shelf = Shelf(shared, f"{new_id}-from")
    (created,) = until(lambda: shelf.images("inserted"))
    copied = shelf.sold if new_id == "copied-sale" else created
    shelf.put(copied, ProductID={"S": new_id})
    (event,) = until(lambda: shelf.history(new_id))
    assert (event["actor"], event["reason"]) == (None, None)
    assert shelf.page(new_id) == ["outside Stockpulse"]


def test_exact_repeat_is_marked_and_counted(shared: App) -> None:
    """A second entry with the same images looks like the change that it repeats."""
    shelf = Shelf(shared, "repeated")
    (created,) = until(lambda: shelf.images("inserted"))
    shelf.put(created)
    shelf.put(shelf.sold)
    events = until(lambda: found if len(found := shelf.history()) == 4 else None)
    assert [event["actor"] for event in events] == ["local", "local", None, "local"]
    assert events[1]["request_id"] == events[3]["request_id"]
    html = shared.http.get("/products/history?id=repeated").text
    labels = re.findall(r'data-part="label">([^<]*)</span>', html)
    assert labels == ["repeat", "stock changed", "sold", "new"]
    settings = shared.services.settings
    keys = parse_keys(own_keys(settings.data_dir))
    verifier = Verifier(shared.tables, settings.table_names, settings.attributes, keys)
    report = verifier.run("repeated", lambda _: None)
    assert (report.repeats, report.findings) == (1, [])
