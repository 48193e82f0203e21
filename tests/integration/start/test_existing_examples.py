"""The worked examples of docs/start/existing-tables.md do what the page says."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from dotenv import dotenv_values

from app.commands import inspect_table
from app.core.keys import KeyPart, KeySchema
from app.store.dynamodb.client import connect
from tests.integration.store.keyed import create_table, verified
from tests.support.http.sse import Listener
from tests.support.paths import ROOT
from tests.support.processes.running import serving, settings_for
from tests.support.waiting import until

_PAGE = (ROOT / "docs/start/existing-tables.md").read_text("utf-8")
_BY_HAND = {"STOCKPULSE_PRODUCTS_FILTER", "STOCKPULSE_IGNORED_ATTRIBUTES"}  # inspect cannot know


@dataclass(frozen=True)
class Example:
    """One section of the page."""

    schema: KeySchema
    items: list[dict[str, Any]]
    settings: dict[str, str]
    answer: dict[str, Any]


def _examples(folder: Path) -> dict[str, Example]:
    found = {}
    for section in _PAGE.partition("## Examples")[2].split("\n### ")[1:]:
        blocks = re.findall(r"```(json|sh)\n(.*?)```", section, re.DOTALL)
        documents = [json.loads(text) for kind, text in blocks if kind == "json"]
        (env,) = (text for kind, text in blocks if kind == "sh")
        path = folder / "example.env"
        path.write_text(env)
        key = re.search(r"The key is `(\w+)` \((\w)\)(?: and `(\w+)` \((\w)\))?", section)
        assert key is not None
        parts = [KeyPart(key[1], key[2]), *([KeyPart(key[3], key[4])] if key[3] else [])]  # type: ignore[arg-type]
        found[section.partition("\n")[0]] = Example(
            KeySchema(*parts),
            documents[:-1],
            {name: value or "" for name, value in dotenv_values(path).items()},
            documents[-1],
        )
    return found


def changed(feed: Listener) -> list[dict[str, Any]]:
    events = [message.data["data"] for message in feed.seen]
    return [event for event in events if event["kind"] == "stock_changed"]


@pytest.mark.parametrize(
    "name", ["A plain table", "A single-table design", "A table of a framework"]
)
def test_example(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    examples = _examples(tmp_path)
    assert len(examples) == 3
    example = examples[name]
    table = f"{example.settings.pop('STOCKPULSE_PRODUCTS_TABLE')}.{tmp_path.name[-30:]}"
    create_table(endpoint, example.schema, "NEW_AND_OLD_IMAGES", table)
    client = connect(endpoint).tables
    for item in example.items:
        client.put_item(TableName=table, Item=item)
    inspect_table.run(
        type("Arguments", (), {"table": table, "items": 1000}), settings_for(endpoint, tmp_path)
    )
    printed = capsys.readouterr().out
    for setting, value in example.settings.items():
        assert setting in _BY_HAND or f"{setting}={value}\n" in printed
    chosen = {
        setting.removeprefix("STOCKPULSE_").lower(): value.split(",")
        if setting == "STOCKPULSE_IGNORED_ATTRIBUTES"
        else value
        for setting, value in example.settings.items()
    }
    product = example.items[0]
    key = example.schema.of_item(product)
    with (
        serving(settings_for(endpoint, tmp_path, products_table=table, **chosen)) as app,
        Listener(app.url) as feed,
    ):
        url = f"/v1/products/{quote(example.answer['product_id'], safe='')}"
        shown = app.http.get(url).json()
        assert {member: shown[member] for member in example.answer} == example.answer
        listed = app.http.get("/v1/products").json()["items"]
        assert [one["product_id"] for one in listed] == [example.answer["product_id"]]
        sold = app.http.post(f"{url}/adjustments", json={"delta": -1, "reason": "sold"})
        assert sold.json()["stock"] == example.answer["stock"] - 1
        # The record of the item itself may come first: it is as young as the server.
        (change,) = until(lambda: changed(feed))
        assert change["delta"] == -1
        after = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
        place = (change["changed"][0]).split(".")[0]
        kept = {name for name in product if name != place}
        assert {name: after[name] for name in kept} == {name: product[name] for name in kept}
        assert after.keys() == {*product, "Stockpulse"}
        assert next(iter(after[place])) == next(iter(product[place]))
        assert [one.damage for one in verified(app)] in ([], ["no-beginning"])
