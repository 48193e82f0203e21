"""`stockpulse inspect TABLE` reads a sample of a table and prints the settings for it."""

import argparse
import base64
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.commands.common import CommandError
from app.config.settings import PREFIX, Settings
from app.observability.logs import escaped
from app.store import location
from app.store.dynamodb.client import translated
from app.store.dynamodb.products_table import check_exists, key_of
from app.store.products.survey import Found, Survey, survey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DEFAULT_ITEMS = 1_000
_MOST_ITEMS = 100_000
_EXAMPLE = 40  # characters


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "inspect",
        help="print the settings for a table that you already have",
        description="Reads a sample of the table's items, and prints the key, the stream, the "
        "attributes with their types, and the settings to paste into .env. It writes nothing. "
        f"The table is looked for where {PREFIX}DYNAMODB says.",
    )
    parser.add_argument("table", metavar="TABLE", help="name of the table")
    parser.add_argument(
        "--items",
        type=int,
        default=_DEFAULT_ITEMS,
        metavar="N",
        help=f"how many items to read (1 to {_MOST_ITEMS:,}; default {_DEFAULT_ITEMS:,})",
    )
    parser.set_defaults(run=run, signs=False)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what the table holds."""
    if not 1 <= arguments.items <= _MOST_ITEMS:
        raise CommandError(f"--items must be from 1 to {_MOST_ITEMS:,}, not {arguments.items}")
    with location.shared(settings.dynamodb, settings.data_dir, settings.table_names) as where:
        client = where.connect().tables
        check_exists(client, arguments.table)
        with translated():
            description = client.describe_table(TableName=arguments.table)["Table"]
        keys = key_of(description)
        items = _sample(client, arguments.table, arguments.items)
    found = survey(items, [name for name, _ in keys])
    for line in _described(description, keys, len(items), found):
        print(escaped(line))
    empty = [] if items else ["The table is empty, so only its key is known."]
    remarks = [_of_stream(_view_type(description)), *(empty or found.remarks)]
    lines = [f"- {escaped(remark)}" for remark in remarks if remark]
    if lines:
        print("\nRemarks:", *lines, sep="\n")
    _print_settings(arguments.table, found)
    return 0


def _sample(client: "DynamoDBClient", table: str, wanted: int) -> list[dict[str, Any]]:
    with translated():
        pages = client.get_paginator("scan").paginate(
            TableName=table, PaginationConfig={"MaxItems": wanted, "PageSize": min(wanted, 1_000)}
        )
        return [item for page in pages for item in page["Items"]]


def _of_stream(view_type: str | None) -> str | None:
    """What is wrong with the stream."""
    if view_type is None:
        return (
            "There is no stream. Once the settings are in .env, `stockpulse init --enable-stream` "
            "enables it."
        )
    if view_type != "NEW_AND_OLD_IMAGES":
        return (
            f"The stream's view type is {view_type}: changes are shown without the images that it "
            "leaves out. NEW_AND_OLD_IMAGES has both."
        )
    return None


def _view_type(description: Any) -> str | None:
    specification = description.get("StreamSpecification", {})
    return specification.get("StreamViewType") if specification.get("StreamEnabled") else None


def _described(
    description: Any, keys: Sequence[tuple[str, str]], read: int, found: Survey
) -> list[str]:
    names = ", ".join(f"{name} ({kind})" for name, kind in keys)
    lines = [
        f"Table   {description['TableName']}; {read} items read",
        f"Key     {names}",
        f"Stream  {_view_type(description) or 'disabled'}",
    ]
    if found.attributes:
        lines += ["", "Attributes, in how many items, and their types:"]
        width = min(40, max(len(escaped(name)) for name in found.attributes))
        by_items = sorted(found.attributes.items(), key=lambda entry: (-entry[1].items, entry[0]))
        lines += [_attribute(name.ljust(width), one) for name, one in by_items]
    return lines


def _attribute(name: str, one: Found) -> str:
    if len(one.types) == 1:
        types = next(iter(one.types))
    else:
        types = "varies: " + ", ".join(f"{kind} in {n}" for kind, n in one.types.most_common())
    example = one.example
    if not isinstance(example, str):
        example = json.dumps(example, default=lambda data: base64.b64encode(data).decode())
    if len(example) > _EXAMPLE:
        example = example[: _EXAMPLE - 1] + "…"
    return f"  {name}  {one.items:>6}  {types:<4}  {example}"


def _print_settings(table: str, found: Survey) -> None:
    print("\nSettings for .env:\n")
    print(f"{PREFIX}PRODUCTS_TABLE={table}")
    for name, value in found.settings.items():
        print(f"{PREFIX}{name}={_quoted(value)}")


def _quoted(value: str) -> str:
    """The value as a .env file needs it."""
    if all(char.isalnum() or char in "_-.:" for char in value):
        return value
    return "'" + escaped(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
