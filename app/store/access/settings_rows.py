"""Every admin action on the settings table is committed together with its log row."""

from typing import TYPE_CHECKING, Any

from app.store.access.admin_log import AdminLog
from app.store.dynamodb.reads import get_rows
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def row_key(kind: str, row_id: str) -> Any:
    """A row's key."""
    return {"Kind": {"S": kind}, "ID": {"S": row_id}}


class SettingsRows:
    """The settings table of a deployment."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client = client
        self.table = table
        self._log = AdminLog(client, table)

    def all(self, kind: str) -> list[Any]:
        """Every row of a kind."""
        rows = get_rows(
            self.client,
            "query",
            self.table,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )
        return list(rows)

    def put_new(self, row: dict[str, Any]) -> dict[str, Any]:
        """The action that adds a row and fails if it exists."""
        return self.action("Put", Item=row, ConditionExpression="attribute_not_exists(ID)")

    def action(self, name: str, **request: Any) -> dict[str, Any]:
        """An action of `TransactWriteItems` on this table."""
        return {name: {"TableName": self.table, **request}}

    def record_action(
        self,
        actor: str,
        name: str,
        *actions: dict[str, Any],
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Apply these actions together with the log row that records who did what.

        Raises:
            ConditionFailed: a condition does not hold; nothing was applied.
            StoreUnavailable: they may or may not have been applied.

        """
        logged = self._log.entry(actor, name, before=before, after=after)
        commit(self.client, [*actions, logged])
