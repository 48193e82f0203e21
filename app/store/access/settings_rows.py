"""A row that grants access is signed; each admin action is committed with its log row.

Whoever can reach the store can write any row. A row of a key or of a sign-in link therefore counts
only if its signature proves that a process with the deployment's audit keys made exactly this row
for exactly this table.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.core.item import canonical
from app.core.stamps import Signatures, key_id_of
from app.store.access.admin_log import AdminLog
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_rows
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def row_key(kind: str, row_id: str) -> Any:
    """A row's key."""
    return {"Kind": {"S": kind}, "ID": {"S": row_id}}


SIGNATURE = "Signature"
_PURPOSE = b"stockpulse settings row 1"
_UNSIGNED = {SIGNATURE, "LastUsedAt"}  # the time of the last use grants nothing


class SettingsRows:
    """The settings table of a deployment, and the audit keys that sign its rows (first one)."""

    def __init__(
        self, client: "DynamoDBClient", table: str, audit_keys: Mapping[str, bytes]
    ) -> None:
        self.client = client
        self.table = table
        self._signatures = Signatures(audit_keys, _PURPOSE)
        self._log = AdminLog(client, table)

    def signed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with its signature."""
        return {**row, SIGNATURE: {"S": self._signatures.sign(self._message(row))}}

    def fault(self, row: Mapping[str, Any]) -> str | None:
        """Why the row does not count; None if it is signed, and as it was signed."""
        signature = row.get(SIGNATURE, {}).get("S")
        if signature is None:
            return "it has no signature"
        if not self._signatures.knows(signature):
            return (
                f"it is signed with the audit key {key_id_of(signature)[:40]!r}, which is not in "
                "STOCKPULSE_AUDIT_KEYS"
            )
        try:
            if self._signatures.proves(signature, self._message(row)):
                return None
        except (TypeError, ValueError):  # values that have no canonical form are not ours
            pass
        return "its signature is wrong: it was changed, or copied from elsewhere"

    def sign_again(self, row: Mapping[str, Any]) -> None:
        """Sign a stored row with the key that signs now, if an older key has signed it.

        Raises:
            StoreUnavailable: it may still have its old signature.

        """
        if self.fault(row) or key_id_of(row[SIGNATURE]["S"]) == self._signatures.signs_as:
            return
        with suppress(ConditionFailed), translated():  # another process has changed the row
            self.client.update_item(
                TableName=self.table,
                Key=row_key(row["Kind"]["S"], row["ID"]["S"]),
                UpdateExpression="SET Signature = :new",
                ConditionExpression="Signature = :old",
                ExpressionAttributeValues={
                    ":new": self.signed(row)[SIGNATURE],
                    ":old": row[SIGNATURE],
                },
            )

    def _message(self, row: Mapping[str, Any]) -> bytes:
        signed = {name: value for name, value in row.items() if name not in _UNSIGNED}
        return self.table.encode() + b"\0" + canonical(signed)

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
