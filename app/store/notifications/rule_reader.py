"""Reads rules: all of them, a page, or one."""

from itertools import islice
from typing import TYPE_CHECKING, Any

from app.core.rules.recipients import recipient_of
from app.core.rules.rule import Recipient, Rule, UnreadableRule
from app.store.dynamodb.client import translated
from app.store.dynamodb.paging import Page, decode_cursor, encode_cursor
from app.store.dynamodb.reads import get_one, get_rows
from app.store.notifications import rule_rows
from app.store.notifications.rule_errors import (
    RecipientNotFound,
    RuleNotFound,
    RuleUnreadable,
)
from app.store.notifications.rule_rows import MOST

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RuleReader:
    """The rules in the settings table. All methods raise StoreUnavailable.

    While versions of Stockpulse are being exchanged, a newer one may write what this one cannot
    read. Such a rule is not taken for a deleted one.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def all(self) -> list[Rule]:
        """Every rule that can be read, the oldest first."""
        return [rule for rule in self.every() if isinstance(rule, Rule)]

    def every(self) -> list[Rule | UnreadableRule]:
        """Every rule, the oldest first."""
        rows = get_rows(self._client, "query", self._table, **_OF_KIND)
        return [rule_rows.rule_of(row) for row in islice(rows, MOST)]

    def page(self, limit: int, cursor: str | None = None) -> Page[Rule | UnreadableRule]:
        """Up to `limit` rules after the cursor, the oldest first.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        place = None if cursor is None else decode_cursor(cursor, rule_rows.is_rule_id)
        start: Any = {} if place is None else {"ExclusiveStartKey": rule_rows.rule_key(place)}
        with translated():
            answer = self._client.query(
                TableName=self._table, ConsistentRead=True, Limit=limit, **_OF_KIND, **start
            )
        found = [rule_rows.rule_of(row) for row in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        following = None if last is None else encode_cursor(last["ID"]["S"])
        return Page(found, following)

    def get(self, identifier: str) -> Rule:
        """One rule.

        Raises:
            RuleNotFound: there is none with this id.
            RuleUnreadable: a newer version of Stockpulse wrote it.

        """
        rule = self.find(identifier)
        if rule is None:
            raise not_found()
        return rule

    def find(self, identifier: str) -> Rule | None:
        """One rule; None if there is none with this id.

        Raises:
            RuleUnreadable: a newer version of Stockpulse wrote it.

        """
        found = self.stored(identifier)
        if isinstance(found, UnreadableRule):
            raise RuleUnreadable(
                "A newer version of Stockpulse wrote this rule, and this server cannot read it. "
                "Nothing is lost: its messages wait for a worker that can. Update this server."
            )
        return found

    def stored(self, identifier: str) -> Rule | UnreadableRule | None:
        """One rule, whether it can be read or not; None if there is none with this id."""
        if not rule_rows.is_rule_id(identifier):
            return None
        row = get_one(self._client, self._table, rule_rows.rule_key(identifier))
        return None if row is None else rule_rows.rule_of(row)

    def recipient(self, identifier: str, recipient_id: str) -> Recipient:
        """A recipient of a rule.

        Raises:
            RuleNotFound, RecipientNotFound: there is none with this id.

        """
        found = recipient_of(self.get(identifier), recipient_id)
        if found is None:
            raise RecipientNotFound("This rule has no recipient with this id. Read the rule again.")
        return found

    def count(self) -> int:
        """How many rules there are."""
        return self._counted("Count")

    def writes(self) -> int:
        """How often rules were written: while it is the same, `all` returns the same."""
        return self._counted("Writes")

    def _counted(self, name: str) -> int:
        row = get_one(self._client, self._table, rule_rows.count_key()) or {}
        return int(row.get(name, {}).get("N", 0))


def not_found() -> RuleNotFound:
    """The error that there is no such rule."""
    return RuleNotFound("No rule has this id. Look it up in the list of rules.")


_OF_KIND: Any = {
    "KeyConditionExpression": "Kind = :kind",
    "ExpressionAttributeValues": {":kind": {"S": rule_rows.KIND}},
}
