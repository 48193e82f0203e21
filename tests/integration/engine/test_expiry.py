"""The embedded engine expires nothing, so expired rows of our own tables are swept."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.config.signing import audit_keys
from app.core.stamps import Stamps
from app.store.dynamodb import tables
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableNames
from app.store.expiry import GRACE, LATER, PAGE, REST, ExpirySweep
from app.store.products.product_expiry import ProductExpiry
from tests.support.http.sse import Listener
from tests.support.processes.running import App, item, serving, settings_for

NOW = 1_800_000_000
OLD, RECENT, FRESH = NOW - GRACE, NOW - GRACE + 1, NOW + 1


class Tables:
    """Real tables, and a sweep over those whose rows expire."""

    def __init__(self, client: Any, names: TableNames) -> None:
        self.client, self.names = client, names
        self.keys = tables.expiring_tables(names)
        self.sweep = ExpirySweep(client, self.keys, lambda: NOW)

    def put(self, table: str, row_id: str, expires: int | str | None) -> None:
        """Put a row with this id; a text is not a time."""
        item: dict[str, Any] = {name: {"S": row_id} for name in self.keys[table]}
        if expires is not None:
            item["ExpiresAt"] = {"N" if isinstance(expires, int) else "S": str(expires)}
        self.client.put_item(TableName=table, Item=item)

    def ids(self, table: str) -> set[str]:
        key = self.keys[table][0]
        return {row[key]["S"] for row in self.client.scan(TableName=table)["Items"]}

    def walk(self) -> int:
        """Sweep all tables once; returns the number of pages."""
        pages = 1
        while self.sweep.turn() != REST:
            pages += 1
        return pages


@pytest.fixture
def swept(endpoint: str, tmp_path: Path) -> Iterator[Tables]:
    settings = settings_for(endpoint, tmp_path)
    client, names = connect(endpoint).tables, settings.table_names
    tables.ensure_tables(client, names, settings.attributes)
    yield Tables(client, names)
    client.close()


def test_rows_of_every_table_are_deleted_two_days_after_their_expiry(swept: Tables) -> None:
    rows = {"1970": 1, "old": OLD, "recent": RECENT, "fresh": FRESH, "kept": None, "text": "1"}
    for table in swept.keys:
        for row_id, expires in rows.items():
            swept.put(table, row_id, expires)
    assert swept.walk() == len(swept.keys)
    for table in swept.keys:
        assert swept.ids(table) == {"recent", "fresh", "kept", "text"}, table


def test_row_that_is_written_again_before_its_deletion_is_kept(swept: Tables) -> None:
    table = swept.names.idempotency
    for row_id in ("repeated", "old"):
        swept.put(table, row_id, OLD)
    swept.client.meta.events.register(
        "after-call.dynamodb.Scan", lambda **_: swept.put(table, "repeated", FRESH)
    )
    swept.walk()
    assert "repeated" in swept.ids(table)
    swept.walk()
    assert swept.ids(table) == {"repeated"}


def test_page_is_bounded_and_the_next_turn_continues_after_it(swept: Tables) -> None:
    count = PAGE + PAGE // 2
    for number in range(count):
        swept.put(swept.names.settings, f"session {number:04d}", OLD if number % 2 else FRESH)
    while swept.ids(swept.names.settings) and swept.sweep.turn() == LATER:
        pass  # the other tables are empty
    assert len(swept.ids(swept.names.settings)) == count - PAGE // 2, "one page was swept"
    swept.sweep.turn()
    assert len(swept.ids(swept.names.settings)) == (count + 1) // 2


@pytest.mark.embedded
def test_owner_of_an_embedded_engine_sweeps_until_it_ends(tmp_path: Path) -> None:
    def sweeps() -> set[str]:
        return {thread.name for thread in threading.enumerate() if "expiry" in thread.name}

    with serving(settings_for("embedded", tmp_path)):
        assert sweeps() == {"expiry", "product-expiry"}
    assert not sweeps()


@pytest.mark.embedded
def test_products_that_cannot_expire_are_announced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(settings_for("embedded", tmp_path)) as app:
        set_ttl(app)
    read_only = settings_for("embedded", tmp_path, read_only=True)
    with caplog.at_level(logging.WARNING), serving(read_only):
        assert "has a TTL, but the embedded engine does not expire items" in caplog.text


def set_ttl(app: App) -> None:
    app.tables.update_time_to_live(
        TableName=app.services.about.products_table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "Until"},
    )


def product_expiry(app: App) -> ProductExpiry:
    settings = app.services.settings
    stamps = Stamps(app.services.about.products_table, settings.attributes, audit_keys(settings))
    return ProductExpiry(app.tables, stamps, lambda: NOW)


def put_product(app: App, product_id: str, **more: Any) -> None:
    app.put_outside(ProductID=product_id, Stock=5, **more)


def test_products_expire_as_by_dynamodbs_ttl(app: App) -> None:
    times: dict[str, Any] = {
        "old": OLD,
        "recent": RECENT,
        "1970": 1,  # DynamoDB ignores what expired more than five years ago
        "text": str(OLD),
        "never": None,
    }
    with Listener(app.url) as feed:
        app.create("ours", 7)
        for product_id, until in times.items():
            put_product(app, product_id, **({} if until is None else {"Until": until}))
        app.tables.update_item(
            TableName=app.services.about.products_table,
            Key=item(ProductID="ours"),
            UpdateExpression="SET #until = :until",
            ExpressionAttributeNames={"#until": "Until"},
            ExpressionAttributeValues={":until": {"N": str(OLD)}},
        )
        expiry = product_expiry(app)
        assert expiry.turn() == REST, "there is no TTL yet"
        set_ttl(app)
        assert expiry.turn() == REST
        changes = feed.changes(9)
    changed = [change.data["data"] for change in changes[-2:]]
    gone = {data["product_id"]: data for data in changed}
    assert gone.keys() == {"old", "ours"}
    for data in gone.values():
        assert (data["kind"], data["event_name"], data["actor"]) == ("expired", "REMOVE", None)
        assert (data["request_id"], data["note"]) == (None, None)
    assert gone["ours"]["stock_before"] == 7


def test_product_whose_time_was_put_off_meanwhile_does_not_expire(app: App) -> None:
    set_ttl(app)
    put_product(app, "old", Until=OLD)

    def put_off(**_: Any) -> None:
        app.tables.meta.events.unregister("after-call.dynamodb.Scan", put_off)
        app.tables.update_item(
            TableName=app.services.about.products_table,
            Key=item(ProductID="old"),
            UpdateExpression="SET #until = :until",
            ExpressionAttributeNames={"#until": "Until"},
            ExpressionAttributeValues={":until": {"N": str(FRESH)}},
        )

    app.tables.meta.events.register("after-call.dynamodb.Scan", put_off)
    product_expiry(app).turn()
    kept = app.http.get("/v1/products/old").json()
    assert (kept["stock"], kept["attributes"]["Until"]) == (5, FRESH)


def test_item_that_cannot_be_marked_expires_as_a_deletion_outside(app: App) -> None:
    set_ttl(app)
    with Listener(app.url) as feed:
        put_product(app, "foreign", Until=OLD, Stockpulse="of another program")
        product_expiry(app).turn()
        last = feed.changes(2)[-1].data["data"]
    assert (last["kind"], last["actor"]) == ("deleted", None)
