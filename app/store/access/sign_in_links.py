"""A sign-in link works once; a session that was signed out stays ended until it would have expired.

Using a link deletes its row in one transaction with the log row. DynamoDB deletes expired rows
(`ExpiresAt`) some time later, so readers check the expiry themselves. Links are signed, because
they let somebody in. The rows of ended sessions are not: they only keep somebody out.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.access.api_key_secret import new_token, token_hash
from app.store.access.ended_sessions import EndedSessions
from app.store.access.key_row import ApiKey
from app.store.access.settings_rows import SettingsRows, row_key
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

LINK_LIFE = timedelta(minutes=10)
MOST_LINKS = 100  # shown
_LINK = "link"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that was not used yet: its id, which is no secret, its key, and when it expires."""

    id: str
    key_id: str
    until: datetime


class SignInLinks:
    """Single-use links that sign in with a key, and the sessions that were signed out."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        audit_keys: Mapping[str, bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = SettingsRows(client, table, audit_keys)
        self._ended = EndedSessions(client, table)
        self._now = now

    def make_link(self, key: ApiKey, actor: str) -> str:
        """The token of a new link; only its hash is stored."""
        token = new_token()
        row = _row(_LINK, token_hash(token), self._now() + LINK_LIFE) | {"Key": {"S": key.id}}
        self._rows.record_action(
            actor,
            "sign-in link made",
            self._rows.action("Put", Item=self._rows.signed(row)),
            after={"key": key.id, "name": key.name},
        )
        return token

    def link_key(self, token: str) -> str | None:
        """The id of the key that a link signs in with; None if it is unknown, expired or used.

        The link stays usable. A link that this deployment did not make is logged.
        """
        row = get_one(self._rows.client, self._rows.table, row_key(_LINK, token_hash(token)))
        if row is None:
            return None
        if fault := self._rows.fault(row):
            _log.error("refused a sign-in link in the table %s: %s", self._rows.table, fault)
            return None
        if int(row["ExpiresAt"]["N"]) <= self._now().timestamp():
            return None
        return str(row["Key"]["S"])

    def open_links(self) -> list[OpenLink]:
        """The links that still work, the one that expires first at the beginning."""
        now, links = self._now().timestamp(), []
        for row in self._rows.all(_LINK):
            if self._rows.fault(row) is None and int(row["ExpiresAt"]["N"]) > now:
                until = datetime.fromtimestamp(int(row["ExpiresAt"]["N"]), UTC)
                links.append(OpenLink(row["ID"]["S"], row["Key"]["S"], until))
        return sorted(links, key=lambda link: link.until)[:MOST_LINKS]

    def revoke_link(self, link_id: str, actor: str) -> bool:
        """Delete a link, so that nobody signs in with it; False if it does not work any more."""
        link = next((one for one in self.open_links() if one.id == link_id), None)
        if link is None:
            return False
        try:
            self._rows.record_action(
                actor,
                "sign-in link revoked",
                self._rows.action(
                    "Delete",
                    Key=row_key(_LINK, link_id),
                    ConditionExpression="attribute_exists(ID)",
                ),
                before={"key": link.key_id},
            )
        except ConditionFailed:  # somebody has just used it
            return False
        return True

    def use_link(self, token: str, key: ApiKey) -> bool:
        """Use the link; False if it has already been used or has expired."""
        try:
            self._rows.record_action(
                key.name,
                "sign-in link used",
                self._rows.action(
                    "Delete",
                    Key=row_key(_LINK, token_hash(token)),
                    ConditionExpression="#key = :key AND ExpiresAt > :now",
                    ExpressionAttributeNames={"#key": "Key"},
                    ExpressionAttributeValues={
                        ":key": {"S": key.id},
                        ":now": {"N": str(int(self._now().timestamp()))},
                    },
                ),
                before={"key": key.id},
            )
        except ConditionFailed:
            return False
        return True

    def end_session(self, session: str, until: datetime) -> None:
        """Store that a session was signed out, until the time at which it would have expired."""
        self._ended.add(session, until)

    def ended_sessions(self) -> frozenset[str]:
        """Ids of the sessions that were signed out."""
        return self._ended.read()


def _row(kind: str, row_id: str, until: datetime) -> dict[str, Any]:
    return {**row_key(kind, row_id), "ExpiresAt": {"N": str(int(until.timestamp()))}}
