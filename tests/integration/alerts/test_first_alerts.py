"""A table that had low products before there were alerts gets them at the first start."""

from pathlib import Path

from app.store.coordination.sink_row import PREFIX
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableNames
from tests.integration.alerts.kit import opened
from tests.support.processes.running import serving, settings_for
from worker.sinks.alerts import NAME


def test_products_that_were_low_before_the_first_start_get_their_alerts(
    endpoint: str, tmp_path: Path
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        app.create("P1", 3, reorder_point=5)
        opened(app, "P1")
    forget_alerts(endpoint, settings.table_names)
    with serving(settings) as app:
        alert = opened(app, "P1")
        assert (alert["stock"], alert["opened_by"]) == (3, None)


def forget_alerts(endpoint: str, names: TableNames) -> None:
    """The tables as before the first version with alerts, which had no consumer of them either."""
    clients = connect(endpoint)
    tables = clients.tables
    for kind in ("alert", "alert open low", "alert-scan"):
        rows = tables.query(
            TableName=names.settings,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )["Items"]
        for row in rows:
            tables.delete_item(
                TableName=names.settings, Key={name: row[name] for name in ("Kind", "ID")}
            )
    for row in tables.scan(TableName=names.checkpoints)["Items"]:
        if row["Shard"]["S"] == PREFIX + NAME:
            key = {name: row[name] for name in ("Consumer", "Shard")}
            tables.delete_item(TableName=names.checkpoints, Key=key)
    clients.tables.close()
    clients.streams.close()
