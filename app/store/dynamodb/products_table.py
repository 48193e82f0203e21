"""The products table as it is found: its key, and whether the settings fit it."""

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema, KeyType
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import PAGE
from app.store.dynamodb.table_names import TableError, TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BOTH_IMAGES = "NEW_AND_OLD_IMAGES"
_PAGES = 10  # of 1 MB
_KEY_SETTINGS = "KEY_ATTRIBUTE", "SORT_KEY_ATTRIBUTE"


def with_key(
    client: "DynamoDBClient", names: TableNames, attributes: AttributeNames
) -> AttributeNames:
    """The attribute names with the products table's own key.

    Raises:
        TableError: the settings name another key, or the stream's records lack what the products'
            filter names.
        StoreUnavailable: there is no such table, or DynamoDB cannot be reached.

    """
    with translated():
        description = client.describe_table(TableName=names.products)["Table"]
    found = key_of(description)
    shown = ", ".join(f"{name} ({kind})" for name, kind in found)
    for wanted, setting, part in zip(names.key, _KEY_SETTINGS, (*found, None), strict=False):
        if wanted is not None and (part is None or part[0] != wanted):
            raise TableError(
                f"Table {names.products} has the key {shown}, but STOCKPULSE_{setting} is "
                f"{wanted}. Change that setting, or leave it out."
            )
    key = KeySchema(*(KeyPart(name, kind) for name, kind in found))
    for setting, name in (("STOCK", attributes.stock), ("METADATA", attributes.metadata)):
        if name in key.names:
            raise TableError(
                f"{name} is part of the key of table {names.products}, so it cannot change. Set "
                f"STOCKPULSE_{setting}_ATTRIBUTE to another attribute."
            )
    view_type = description.get("StreamSpecification", {}).get("StreamViewType", BOTH_IMAGES)
    if attributes.selects is not None and view_type != BOTH_IMAGES:
        others = sorted(attributes.selects.names - {*key.names})
        if others:
            raise TableError(
                f"STOCKPULSE_PRODUCTS_FILTER names {', '.join(others)}, but the stream of "
                f"{names.products} has view type {view_type}: its records lack one or both images. "
                f"Name only {', '.join(key.names)}, or choose a stream with {BOTH_IMAGES}."
            )
    return replace(attributes, key=key)


def check_selection(
    client: "DynamoDBClient", names: TableNames, attributes: AttributeNames
) -> None:
    """Check, while nothing is audited, that the products' filter matches an item of the table.

    Later there may be no product for a while. Only the first pages of a large table are read.

    Raises:
        TableError: the table has items, and the filter matches none.

    """
    if attributes.selects is None:
        return
    with translated():
        if client.scan(TableName=names.audit, Limit=1)["Items"]:
            return
        pages = client.get_paginator("scan").paginate(
            TableName=names.products, PaginationConfig={"PageSize": PAGE}
        )
        read = 0
        for number, page in enumerate(pages):
            if number == _PAGES or any(map(attributes.is_product, page["Items"])):
                return
            read += len(page["Items"])
    if read:
        raise TableError(
            f"STOCKPULSE_PRODUCTS_FILTER matches none of the {read} items of table "
            f"{names.products}. The pattern is matched against an item in DynamoDB JSON, as in "
            '{"SK": {"S": [{"prefix": "SKU#"}]}}.'
        )


def check_exists(client: "DynamoDBClient", table: str, otherwise: str = "") -> None:
    """Check that there is a table of exactly this name.

    It reads the list, because DynamoDB Local fails on names that differ by case only.

    Raises:
        TableError: there is none; the message ends with `otherwise` and similar names.

    """
    with translated():
        pages = client.get_paginator("list_tables").paginate(PaginationConfig={"MaxItems": 10_000})
        found = [name for page in pages for name in page["TableNames"]]
    if table in found:
        return
    folded = {name.casefold(): name for name in found}
    close = get_close_matches(table.casefold(), folded, n=3)
    hint = f" Similar names: {', '.join(folded[name] for name in close)}." if close else ""
    region = client.meta.region_name
    raise TableError(f"There is no table {table} in region {region}{otherwise}.{hint}")


def key_of(description: Any) -> list[tuple[str, KeyType]]:
    """Name and type of a described table's partition key and, if there is one, its sort key."""
    types = {
        entry["AttributeName"]: entry["AttributeType"]
        for entry in description["AttributeDefinitions"]
    }
    by_role = {entry["KeyType"]: entry["AttributeName"] for entry in description["KeySchema"]}
    return [(by_role[role], types[by_role[role]]) for role in ("HASH", "RANGE") if role in by_role]
