"""The examples in docs/use/webhook.md work on a real delivery."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.filters.document import document_of
from app.filters.pattern import parse_filter
from tests.support.builders import an_event
from tests.support.http.receiver import SECRET, Received, receiving
from tests.support.paths import DOCS
from worker.sinks.webhook import webhook

TEXT = (DOCS / "use" / "webhook.md").read_text()


@pytest.fixture(scope="module")
def delivery() -> Received:
    with receiving() as receiver, webhook(receiver.url, SECRET, "Products") as hook:
        hook.deliver([an_event(note="naïve ☕")])
        return receiver.received[0]


def _code(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_python_example_verifies_a_delivery(delivery: Received) -> None:
    names: dict[str, object] = {}
    exec(_code("python"), names)
    is_authentic = names["is_authentic"]
    assert callable(is_authentic)
    assert is_authentic(SECRET, delivery.headers, delivery.body)
    assert not is_authentic(SECRET, delivery.headers, delivery.body + b" ")
    old = {**delivery.headers, "webhook-timestamp": "1793707200"}
    assert not is_authentic(SECRET, old, delivery.body)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "ü", "v1", "v1,="])
def test_the_python_example_rejects_a_missing_or_malformed_header(
    delivery: Received, name: str, value: str | None
) -> None:
    names: dict[str, Any] = {}
    exec(_code("python"), names)
    headers = {key: found for key, found in delivery.headers.items() if key != name}
    given = headers if value is None else headers | {name: value}
    assert names["is_authentic"](SECRET, given, delivery.body) is False


def test_the_node_example_verifies_a_delivery(delivery: Received, tmp_path: Path) -> None:
    given = json.dumps([SECRET, dict(delivery.headers), delivery.body.decode()])
    script = tmp_path / "verify.mjs"
    script.write_text(
        f"{_code('js')}\nconst [secret, headers, body] = {given};\n"
        "console.log(isAuthentic(secret, headers, Buffer.from(body)),"
        " isAuthentic(secret, headers, Buffer.from(body + ' ')));"
    )
    run = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["true", "false"]


def test_the_filter_in_the_example_matches_low_stock() -> None:
    found = re.search(r"WEBHOOK_FILTER='(.*)'", TEXT)
    assert found is not None
    low = parse_filter(found.group(1))
    assert low.matches(document_of(an_event(stock_after=9), "Products"))
    assert not low.matches(document_of(an_event(stock_after=10), "Products"))


def test_every_rule_in_the_table_is_a_filter() -> None:
    rules = re.findall(r"`((?:\"[^`]*)?\[[^`]*\])`", TEXT.partition("| | rule |")[2])
    assert len(rules) > 10
    for rule in rules:
        parse_filter("{" + (rule if rule.startswith('"') else f'"a": {rule}') + "}")
