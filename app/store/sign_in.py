"""Sign-in links and ended sessions: rows that matter for a while and then expire.

A link is used up by being used: its row is deleted in one transaction with the log row. An
ended session is remembered until it would have ended by itself. DynamoDB removes the rows
(`ExpiresAt`) at some time later, so every reader looks at the time itself.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.store.admin_log import AdminLog
from app.store.api_keys import ApiKey
from app.store.client import translated
from app.store.commit import Committer
from app.store.errors import ConditionFailed
from app.store.secret import new_token, token_hash

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LINK_LIFE = timedelta(minutes=10)
_LINK = "link"
_ENDED = "ended-session"


class SignIn:
    """Links that sign in as a key, once; and the sessions that were signed out."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._table = table
        self._now = now
        self._commit = Committer(client)
        self._log = AdminLog(client, table)

    def make_link(self, key: ApiKey, actor: str) -> str:
        """The token of a new link; only its hash is kept."""
        token = new_token()
        item = self._row(_LINK, token_hash(token), self._now() + LINK_LIFE)
        self._commit(
            {"Put": {"TableName": self._table, "Item": item | {"Key": {"S": key.id}}}},
            self._log.entry(actor, "sign-in link made", after={"key": key.id, "name": key.name}),
        )
        return token

    def link_key(self, token: str) -> str | None:
        """The id of the key that a link signs in as; it stays usable."""
        with translated():
            row: Any = self._client.get_item(
                TableName=self._table, Key=self._key(_LINK, token_hash(token)), ConsistentRead=True
            ).get("Item")
        if row is None or int(row["ExpiresAt"]["N"]) <= self._now().timestamp():
            return None
        return str(row["Key"]["S"])

    def use_link(self, token: str, key: ApiKey) -> bool:
        """Use the link up; False where someone else was first, or it has expired."""
        try:
            self._commit(
                {
                    "Delete": {
                        "TableName": self._table,
                        "Key": self._key(_LINK, token_hash(token)),
                        "ConditionExpression": "#key = :key AND ExpiresAt > :now",
                        "ExpressionAttributeNames": {"#key": "Key"},
                        "ExpressionAttributeValues": {
                            ":key": {"S": key.id},
                            ":now": {"N": str(int(self._now().timestamp()))},
                        },
                    }
                },
                self._log.entry(key.name, "sign-in link used", before={"key": key.id}),
            )
        except ConditionFailed:
            return False
        return True

    def end_session(self, session: str, until: datetime) -> None:
        """Remember that a session was signed out, until it would have ended by itself."""
        with translated():
            self._client.put_item(TableName=self._table, Item=self._row(_ENDED, session, until))

    def ended_sessions(self) -> frozenset[str]:
        """Ids of the sessions that were signed out."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": _ENDED}},
            ConsistentRead=True,
        )
        with translated():
            return frozenset(item["ID"]["S"] for page in pages for item in page["Items"])

    def _row(self, kind: str, row_id: str, until: datetime) -> dict[str, Any]:
        return {**self._key(kind, row_id), "ExpiresAt": {"N": str(int(until.timestamp()))}}

    def _key(self, kind: str, row_id: str) -> Any:
        return {"Kind": {"S": kind}, "ID": {"S": row_id}}
