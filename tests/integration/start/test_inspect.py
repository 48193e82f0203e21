"""The settings that `stockpulse inspect` prints for another program's table are right for it."""

from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.commands import inspect_table
from app.commands.common import CommandError
from app.config.settings import Settings
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableError
from app.store.dynamodb.tables import enable_stream
from tests.support.http.sse import Listener
from tests.support.processes.running import serving, settings_for

TEA: dict[str, Any] = {
    "sku": {"S": "A-1"},
    "productTitle": {"S": "Tea"},
    "qtyOnHand": {"N": "12.5"},
    "unitPrice": {"N": "1.125"},
    "dims": {"M": {"w": {"N": "2"}}},
    "Stockpulse": {"S": "another program's"},
}
FOREIGN = ("dims", "Stockpulse", "unitPrice", "productTitle")


def make_table(endpoint: str, name: str, *keys: str, stream: bool = True) -> Any:
    """A table with these string keys, by another program; returns a client."""
    client = connect(endpoint).tables
    roles = zip(keys, ("HASH", "RANGE"), strict=False)
    view = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, role in roles],  # type: ignore[typeddict-item]
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=view if stream else {"StreamEnabled": False},  # type: ignore[arg-type]
    )
    return client


def inspect(settings: Settings, *arguments: str) -> int:
    parsed = cli.parsed(["inspect", *arguments])
    return inspect_table.run(parsed, settings)


def test_the_printed_settings_show_changes_and_keep_foreign_attributes(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = f"Shop.{tmp_path.name[-30:]}"
    client = make_table(endpoint, table, "sku", stream=False)
    client.put_item(TableName=table, Item=TEA)
    before = settings_for(endpoint, tmp_path)
    assert inspect(before, table) == 0
    printed = capsys.readouterr().out
    assert "There is no stream." in printed
    lines = [line for line in printed.splitlines() if line.startswith("STOCKPULSE_")]
    env = tmp_path / "pasted.env"
    env.write_text("\n".join(lines))
    enable_stream(client, table)
    settings = Settings(
        _env_file=env,
        dynamodb=endpoint,
        data_dir=before.data_dir,
        table_prefix=before.table_prefix,
    )
    with serving(settings) as app, Listener(app.url) as feed:
        client.put_item(TableName=table, Item=TEA | {"sku": {"S": "A-2"}, "qtyOnHand": {"N": "3"}})
        (shown,) = (message.data["data"] for message in feed.changes(1))
        assert (shown["product_name"], shown["stock_after"]) == ("Tea", 3)
        assert app.adjust("A-1", -2).json()["stock"] == 10.5
        stored = client.get_item(TableName=table, Key={"sku": TEA["sku"]}, ConsistentRead=True)
    assert {name: stored["Item"][name] for name in FOREIGN} == {name: TEA[name] for name in FOREIGN}
    assert stored["Item"]["qtyOnHand"] == {"N": "10.5"}


def test_a_table_with_a_sort_key_and_a_stock_in_a_map(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = f"Single.{tmp_path.name[-30:]}"
    client = make_table(endpoint, table, "PK", "SK")
    client.put_item(
        TableName=table,
        Item={"PK": {"S": "a\x1b[31m"}, "SK": {"S": "b"}, "stock": {"M": {"qty": {"N": "4"}}}},
    )
    assert inspect(settings_for(endpoint, tmp_path), table) == 0
    printed = capsys.readouterr().out
    assert "PK (S), SK (S)" in printed
    assert "STOCKPULSE_STOCK_ATTRIBUTE=stock.qty\n" in printed
    assert "KEY_ATTRIBUTE" not in printed
    assert "\x1b" not in printed


def test_a_missing_table_and_a_wrong_number_are_one_sentence(endpoint: str, tmp_path: Path) -> None:
    table = f"Missing.{tmp_path.name[-30:]}"
    make_table(endpoint, table, "sku")
    settings = settings_for(endpoint, tmp_path)
    with pytest.raises(TableError, match=f"Similar names: .*{table}"):
        inspect(settings, table.lower())
    with pytest.raises(CommandError, match="--items must be from 1"):
        inspect(settings, table, "--items", "0")
