"""The AWS CLI command that the server prints changes a product, whatever the table looks like."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.store.dynamodb.cli_lines import update_line
from app.store.dynamodb.client import connect
from tests.integration.store.keyed import create_table


def parameters(line: str) -> dict[str, Any]:
    """The call's parameters, as the AWS CLI reads them from the command."""
    words = shlex.split(line.partition("update-item ")[2])
    given = dict(zip(words[::2], words[1::2], strict=True))
    found: dict[str, Any] = {}
    for option, value in given.items():
        name = "".join(part.title() for part in option.removeprefix("--").split("-"))
        found[name] = json.loads(value) if value.startswith("{") else value
    return found


@pytest.mark.parametrize(
    ("schema", "names", "expected"),
    [
        (
            KeySchema(KeyPart("sku")),
            ("it's", "on hand"),
            {"it's": {"S": "Blue kettle"}, "on hand": {"N": "50"}},
        ),
        (
            KeySchema(KeyPart("sku"), KeyPart("size", "N")),
            ("info.title", "inventory.qty"),
            {
                "info": {"M": {"title": {"S": "Blue kettle"}}},
                "inventory": {"M": {"qty": {"N": "50"}}},
            },
        ),
    ],
)
def test_the_line_changes_a_product(
    endpoint: str, tmp_path: Path, schema: KeySchema, names: tuple[str, str], expected: Any
) -> None:
    table = f"pasted-{tmp_path.name[-30:]}"
    create_table(endpoint, schema, "NEW_AND_OLD_IMAGES", table)
    client = connect(endpoint).tables
    call = parameters(update_line(endpoint, None, table, AttributeNames(schema, *names)))
    client.update_item(**call)
    item = client.get_item(TableName=table, Key=call["Key"], ConsistentRead=True)["Item"]
    assert item == call["Key"] | expected
    if any("M" in value for value in expected.values()):  # a product's map is not overwritten
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            client.update_item(**call)
