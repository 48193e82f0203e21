"""The rows of the settings table that hold rules. Pure.

| Kind | ID | |
|---|---|---|
| `rule` | time of its making and random digits, in hex | a rule with its former wordings, JSON |
| `rule-count` | `all` | how many rules there are, and how many writes there were |

Changes depend on the version that was read. The row grants nothing, so it is not signed.
"""

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any

from app.core import json_text
from app.core.rules.rule import Rule, UnreadableRule
from app.core.rules.rule_document import decoded, encoded
from app.store.access.settings_rows import row_key

MOST = 2_000  # rules
KIND = "rule"
_COUNT = "rule-count"
_NAME = 100  # characters
_ID = re.compile(r"([0-9a-f]{11})[0-9a-f]{6}")
_log = logging.getLogger(__name__)

Row = Mapping[str, Any]
Change = tuple[str, dict[str, Any]]  # an action of a transaction, and its request


def rule_key(identifier: str) -> Any:
    """The key of a rule's row."""
    return row_key(KIND, identifier)


def count_key() -> Any:
    """The key of the row that counts the rules."""
    return row_key(_COUNT, "all")


def new_id(now_ms: int) -> str:
    """The id of a rule that is made now; text order is the order of making."""
    return f"{now_ms:011x}{secrets.token_hex(3)}"


def made_at(identifier: str) -> int | None:
    """When the rule of an id was made, in ms since 1970; None if the id does not say."""
    made = _ID.fullmatch(identifier)
    return None if made is None else int(made[1], 16)


def is_rule_id(text: str) -> bool:
    """Whether this can be a rule's id."""
    return text.isascii() and text.isalnum() and len(text) <= 40


def rule_of(row: Row) -> Rule | UnreadableRule:
    """The rule in a row; with a line in the log if this version of Stockpulse cannot read it."""
    try:
        return decoded(json_text.loads(row["Rule"]["S"]))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        found = UnreadableRule(row["ID"]["S"], _name_in(row), _version_of(row))
        _log.warning(
            "rule %s was written by a newer version and cannot be read: its messages wait", found.id
        )
        return found


def _name_in(row: Row) -> str:
    """The name of a rule that cannot be read, as far as it can be made out."""
    try:
        return str(json_text.loads(row["Rule"]["S"])["name"])[:_NAME]
    except (KeyError, TypeError, ValueError):
        return ""


def _version_of(row: Row) -> int:
    try:
        return int(row["Version"]["N"])
    except (KeyError, TypeError, ValueError):
        return 0


def added(rule: Rule) -> list[Change]:
    """The changes that store a new rule; they fail if it exists, or if there are `MOST`."""
    put = {"Item": _item(rule), "ConditionExpression": "attribute_not_exists(ID)"}
    return [("Put", put), _counted(1, "attribute_not_exists(#count) OR #count < :limit", MOST)]


def replaced(stored: Rule, rule: Rule) -> list[Change]:
    """The changes that replace a rule; they fail if it is not as it was read."""
    put = {"Item": _item(rule), **_unchanged(stored)}
    return [("Put", put), _counted(0, "attribute_exists(ID)", 0)]


def removed(stored: Rule | UnreadableRule) -> list[Change]:
    """The changes that delete a rule; they fail if it is not as it was read."""
    delete = {"Key": rule_key(stored.id), **_unchanged(stored)}
    return [("Delete", delete), _counted(-1, "#count > :limit", 0)]


def _counted(by: int, condition: str, limit: int) -> Change:
    """The change of the count; it counts the writes, too, so that a worker sees each of them."""
    values = {":by": {"N": str(by)}, ":one": {"N": "1"}}
    return "Update", {
        "Key": count_key(),
        "UpdateExpression": "ADD #count :by, Writes :one",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#count": "Count"},
        "ExpressionAttributeValues": values
        | ({":limit": {"N": str(limit)}} if ":limit" in condition else {}),
    }


def _item(rule: Rule) -> dict[str, Any]:
    return {
        **rule_key(rule.id),
        "Version": {"N": str(rule.version)},
        "Rule": {"S": json_text.dumps(encoded(rule)).decode()},
    }


def _unchanged(rule: Rule | UnreadableRule) -> dict[str, Any]:
    if not rule.version:  # of a row that no version of Stockpulse wrote
        return {"ConditionExpression": "attribute_exists(ID) AND attribute_not_exists(Version)"}
    return {
        "ConditionExpression": "Version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(rule.version)}},
    }
