"""Other programs' changes are shown without an actor, and their attributes are kept."""

import secrets
from pathlib import Path

import pytest

from app.config.key_files import own_keys, parse_keys
from app.store.audit.verifier import Verifier
from app.store.dynamodb.client import connect
from tests.support.http.sse import Listener
from tests.support.processes.running import App, item, serving, settings_for
from tests.support.waiting import until


def test_changes_made_directly_in_dynamodb_have_no_actor(app: App) -> None:
    table, key = app.services.about.products_table, item(ProductID="P1")
    with Listener(app.url) as feed:
        app.put_outside(ProductID="P1", ProductName="Kettle", Stock=12, shelf="A7")
        app.tables.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET Stock = Stock - :n",
            ExpressionAttributeValues={":n": {"N": "3"}},
        )
        app.tables.delete_item(TableName=table, Key=key)
        events = [message.data["data"] for message in feed.changes(3)]
    assert [event["kind"] for event in events] == ["inserted", "stock_changed", "deleted"]
    assert [event["actor"] for event in events] == [None] * 3
    assert events[1]["delta"] == -3
    assert events[0]["after"]["shelf"] == "A7"


def test_an_edit_over_rest_keeps_other_programs_attributes(app: App) -> None:
    theirs = {
        "shelf": {"S": "A7"},
        "dims": {"M": {"w": {"N": "12.5"}, "tags": {"SS": ["x", "y"]}}},
        "photo": {"B": b"\x00\xff"},
    }
    known = item(ProductID="P1", ProductName="Kettle", Stock=12)
    app.tables.put_item(TableName=app.services.about.products_table, Item=known | theirs)
    etag = app.http.get("/v1/products/P1").headers["ETag"]
    edited = app.http.patch(
        "/v1/products/P1",
        content='{"name":"Blue kettle","price":"3.20"}',
        headers={"Content-Type": "application/merge-patch+json", "If-Match": etag},
    )
    assert edited.status_code == 200
    assert app.adjust("P1", -2).status_code == 200
    stored = app.tables.get_item(
        TableName=app.services.about.products_table, Key=item(ProductID="P1"), ConsistentRead=True
    )["Item"]
    assert {name: stored[name] for name in theirs} == theirs
    assert stored["Stock"] == {"N": "10"}


def test_an_outside_change_after_ours_has_no_actor(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1", 5)
        app.tables.update_item(
            TableName=app.services.about.products_table,
            Key=item(ProductID="P1"),
            UpdateExpression="SET Stock = :n",
            ExpressionAttributeValues={":n": {"N": "99"}},
        )
        events = [message.data["data"] for message in feed.changes(2)]
    assert [event["actor"] for event in events] == ["local", None]


def test_a_conditional_write_fails_after_an_outside_change(app: App) -> None:
    etag = app.create("P1", 5).headers["ETag"]
    app.tables.update_item(
        TableName=app.services.about.products_table,
        Key=item(ProductID="P1"),
        UpdateExpression="SET Stock = :n",
        ExpressionAttributeValues={":n": {"N": "99"}},
    )
    assert app.http.delete("/v1/products/P1", headers={"If-Match": etag}).status_code == 412


def test_stock_of_any_kind_does_not_stop_the_stream(app: App) -> None:
    table = app.services.about.products_table
    with Listener(app.url) as feed:
        app.tables.put_item(TableName=table, Item=item(ProductID="P1", Stock=5))
        for stock in ({"N": "-1"}, {"N": "2.5"}, {"S": "many"}, {"N": "7"}):
            app.tables.update_item(
                TableName=table,
                Key=item(ProductID="P1"),
                UpdateExpression="SET Stock = :n",
                ExpressionAttributeValues={":n": stock},
            )
        events = [message.data["data"] for message in feed.changes(5)]
    changed = "stock_changed"
    assert [event["kind"] for event in events] == ["inserted", changed, changed, *["updated"] * 2]
    assert [event["stock_after"] for event in events] == [5, -1, 2.5, None, 7]
    assert [event["delta"] for event in events] == [5, -6, 3.5, None, None]
    assert events[3]["after"]["Stock"] == "many"


def test_an_item_too_large_for_an_entry_is_published_and_the_shard_continues(app: App) -> None:

    noise = [secrets.token_urlsafe(280_000), secrets.token_urlsafe(280_000)]
    with Listener(app.url) as feed:
        for text in ("x" * 390_000, "y" * 390_000, *noise):
            app.put_outside(ProductID="big", ProductName="Big", Stock=1, blob=text)
        app.create("after")
        changes = feed.changes(5)
    assert changes[-1].data["subject"] == "after"
    assert all(message.data["data"]["images_omitted"] for message in changes[:4])
    whole = [
        app.http.get(f"/v1/events/{message.data['id']}").json()["data"] for message in changes[:4]
    ]
    assert [event["images_omitted"] for event in whole] == [False, False, False, True]
    assert whole[1]["before"]["blob"] == "x" * 390_000
    assert whole[1]["after"]["blob"] == "y" * 390_000
    assert whole[3]["changed"] == ["blob"]


def test_a_page_of_oversize_changes_is_published_completely(endpoint: str, tmp_path: Path) -> None:
    """Changes that accumulated while no worker ran are together too large for one call."""
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        cursor = app.services.broker.head
    tables = connect(endpoint).tables
    for number in range(30):
        blob = secrets.token_urlsafe(280_000)
        tables.put_item(
            TableName=app.services.about.products_table,
            Item=item(ProductID="big", Stock=number, blob=blob),
        )
    with serving(settings) as app, Listener(app.url, after=cursor) as feed:
        stocks = [message.data["data"]["stock_after"] for message in feed.changes(30, 60)]
    assert stocks == list(range(30))


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_other_programs_bookkeeping_spoils_no_edit_and_is_shown_nowhere(
    endpoint: str, tmp_path: Path, method: str
) -> None:
    """As the older global tables write it to each item, or a program that copies the table."""
    bookkeeping = {
        "aws:rep:updatetime": {"N": "1700000000.000001"},
        "aws:rep:updateregion": {"S": "eu-west-1"},
        "etl:seen": {"BOOL": True},
        "copiedAt": {"S": "now"},
    }
    settings = settings_for(endpoint, tmp_path, ignored_attributes="aws:rep:*,etl:*,copiedAt")
    with serving(settings) as app, Listener(app.url) as feed:
        etag = app.create("P1", 5).headers["ETag"]
        for name, value in bookkeeping.items():
            app.tables.update_item(
                TableName=app.services.about.products_table,
                Key=item(ProductID="P1"),
                UpdateExpression="SET #n = :v",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues={":v": value},
            )
        read = app.http.get("/v1/products/P1")
        assert read.headers["ETag"] == etag
        assert read.json()["attributes"].keys() == bookkeeping.keys()
        known = {"If-None-Match": etag}
        assert app.http.get("/v1/products/P1", headers=known).status_code == 304
        body = None if method == "DELETE" else {"name": "Kettle", "stock": 4}
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        written = app.http.request(
            method, "/v1/products/P1", json=body, headers={"If-Match": etag, "Content-Type": kind}
        )
        assert written.is_success, written.text
        app.create("after")
        feed.wait_until(lambda: any(change.data["subject"] == "after" for change in feed.seen))
        shown = [change.data["data"] for change in feed.seen if change.data["subject"] == "P1"]
        last = "deleted" if method == "DELETE" else "stock_changed"
        assert [event["kind"] for event in shown] == ["inserted", last]
        assert [event["actor"] for event in shown] == ["local", "local"]
        if method != "DELETE":
            assert set(shown[1]["changed"]) == {"ProductName", "Stock"}
        history = app.http.get("/v1/products/P1/events").json()["items"]
        assert [event["data"]["kind"] for event in history] == [last, "inserted"]
        assert all(name not in app.http.get("/").text for name in bookkeeping)
        keys = parse_keys(own_keys(settings.data_dir))
        verifier = Verifier(app.tables, settings.table_names, settings.attributes, keys, settle=0.5)
        assert verifier.run(None, lambda _: None).findings == []


def test_fields_of_another_type_are_marked_and_kept(app: App) -> None:
    theirs = item(ProductID="odd", ProductName=5, Price="9,50", Category=[], Stock="many")
    app.put_outside(ProductID="odd", ProductName=5, Price="9,50", Category=[], Stock="many")
    shown = app.http.get("/v1/products/odd").json()
    assert shown["mistyped"] == ["name", "stock", "category", "price"]
    html = {"Accept": "text/html"}
    notice = "Not readable: name, stock, category, price"
    until(lambda: notice in app.http.get("/products", headers=html).text)
    form = app.http.get("/products/edit?id=odd", headers=html).text
    assert form.count("Another program keeps something of another type here.") == 4
    edited = app.http.patch(
        "/v1/products/odd",
        content='{"barcode":"7"}',
        headers={"Content-Type": "application/merge-patch+json", "If-Match": "*"},
    )
    assert edited.status_code == 200
    table = app.services.about.products_table
    stored = app.tables.get_item(TableName=table, Key=item(ProductID="odd"))["Item"]
    assert {name: stored[name] for name in theirs} == theirs
