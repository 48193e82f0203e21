"""Reads and verifies the audit table, and removes entries from it."""

from typing import Any

from app.config.key_files import own_keys, parse_keys
from app.store.audit.verifier import Report, Verifier
from tests.support.reconciling import Parts


def verify(parts: Parts) -> Report:
    keys = parse_keys(own_keys(parts.settings.data_dir))
    tables = parts.clients.tables
    verifier = Verifier(tables, parts.names, parts.settings.attributes, keys, settle=0.1)
    return verifier.run(None, lambda _: None)


def entries(parts: Parts, product_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parts.clients.tables.query(
        TableName=parts.names.audit,
        KeyConditionExpression="ProductID = :p",
        ExpressionAttributeValues={":p": {"S": product_id}},
    )["Items"]  # type: ignore[assignment]
    return found


def lose(parts: Parts, product_id: str, count: int) -> None:
    """Remove the newest `count` entries, as if their records had never been read."""
    for entry in entries(parts, product_id)[-count:]:
        remove(parts, entry)


def remove(parts: Parts, entry: dict[str, Any]) -> None:
    key = {name: entry[name] for name in ("ProductID", "EventKey")}
    parts.clients.tables.delete_item(TableName=parts.names.audit, Key=key)
