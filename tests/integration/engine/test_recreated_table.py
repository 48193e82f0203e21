"""A re-created table on the embedded engine repeats old records; they are not published again."""

from pathlib import Path

from tests.support.http.sse import Listener
from tests.support.processes.running import App, item, serving, settings_for
from tests.support.waiting import until


def recreate(app: App) -> None:
    table = app.services.about.products_table
    description = app.tables.describe_table(TableName=table)["Table"]
    app.tables.delete_table(TableName=table)
    app.tables.create_table(
        TableName=table,
        KeySchema=description["KeySchema"],
        AttributeDefinitions=description["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=description["StreamSpecification"],
    )


def test_after_a_table_is_recreated_only_new_changes_are_published(tmp_path: Path) -> None:
    settings = settings_for("embedded", tmp_path)
    with serving(settings) as app, Listener(app.url) as feed:
        app.create("old", 1)
        feed.changes(1)
        recreate(app)
    with serving(settings) as app, Listener(app.url) as feed:
        app.tables.put_item(
            TableName=app.services.about.products_table, Item=item(ProductID="new", Stock=2)
        )
        assert feed.changes(1)[0].data["subject"] == "new"
        until(lambda: subjects(app) == ["new", "old"])


def subjects(app: App) -> list[str]:
    return [event["subject"] for event in app.http.get("/v1/events").json()["items"]]
