"""The pages show gaps and reconciled entries as such."""

from playwright.sync_api import Page, expect

from app.store.dynamodb.table_names import TableNames
from tests.support.builders import STREAM_ARN
from tests.support.processes.running import App, item
from tests.support.reconciling import Parts
from tests.support.waiting import until

ROWS = "#feed li[data-id]"


def lose_newest(app: App, names: TableNames, product_id: str) -> None:
    newest = app.tables.query(
        TableName=names.audit,
        KeyConditionExpression="ProductID = :p",
        ExpressionAttributeValues={":p": {"S": product_id}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"][0]
    key = {name: newest[name] for name in ("ProductID", "EventKey")}
    app.tables.delete_item(TableName=names.audit, Key=key)


def kinds_of(app: App, product_id: str) -> list[str]:
    events = app.http.get(f"/v1/products/{product_id}/events").json().get("items", [])
    return [event["data"]["kind"] for event in events]


def test_gaps_and_reconciled_entries_are_shown(app: App, page: Page) -> None:
    parts = Parts(app.clients, app.services.settings, app.services.broker.publish)
    page.goto(app.url + "/", wait_until="load")
    expect(page.locator("#pill")).to_contain_text("Live")
    rows = page.locator(ROWS)
    app.create("P1", 7, name="Blue kettle")
    app.adjust("P1", -3)
    for n in range(3):
        app.put_outside(ProductID=f"old-{n}", Stock=n)
    expect(rows).to_have_count(5)
    for product_id in ("P1", "old-0", "old-1", "old-2"):
        lose_newest(app, parts.names, product_id)
    parts.gaps.report("shardId-0001", STREAM_ARN, "7", "its records were trimmed unread")
    assert parts.comparison().run().written == 4

    expect(rows).to_have_count(7)
    found, gap = rows.nth(0), rows.nth(1)
    expect(gap).to_contain_text("gap")
    expect(gap).to_contain_text("Changes may be missing here: its records were trimmed unread")
    expect(found).to_contain_text("reconciled")
    expect(found).to_contain_text("stock 4 instead of 7; author unknown")
    expect(page.locator("#found")).to_have_text(
        "3 products existed before recording began. Their history starts now."
    )
    expect(page.locator("[data-tile=changes]")).to_have_text("5")
    page.select_option("select[name=kind]", "gap")
    expect(rows).to_have_count(1)

    page.goto(app.url)
    expect(rows).to_have_count(
        7
    )  # the ring still holds the events whose audit entries were deleted
    expect(rows.nth(0)).to_contain_text("stock 4 instead of 7")
    rows.nth(1).get_by_role("link", name="Unknown products").click()
    expect(page.locator("h1")).to_have_text("Unknown products")
    expect(page.locator("main")).to_contain_text("part of the stream: shardId-0001")
    expect(page.locator("main")).to_contain_text("its records were trimmed unread")
    page.goto(f"{app.url}/products/history?id=old-1")
    expect(page.locator("main")).to_contain_text("Found in the table: stock 1; its history starts")


def test_item_with_a_shard_s_id_does_not_affect_the_shard_s_gaps(app: App, page: Page) -> None:
    parts = Parts(app.clients, app.services.settings)
    shard = "\0shard#shardId-0001"
    parts.gaps.report("shardId-0001", STREAM_ARN, None, "trimmed")
    app.tables.put_item(TableName=parts.names.products, Item=item(ProductID=shard, Stock=1))
    # The item is a product of its own, with another id. The worker must have recorded it before the
    # comparison runs.
    until(lambda: kinds_of(app, "!0shard%23shardId-0001") == ["inserted"])
    assert parts.comparison().run().written == 0
    page.goto(f"{app.url}/products/history?id=%00shard%23shardId-0001")
    expect(page.locator("main")).to_contain_text("Changes may be missing here: trimmed")
    expect(page.get_by_role("button", name="Adjust")).to_have_count(0)
    assert kinds_of(app, "%00shard%23shardId-0001") == ["gap"]
    assert app.http.get("/v1/products/%00shard%23none").status_code == 404
    assert app.http.get("/products/history?id=%00shard%23none").status_code == 404
