"""API keys: a revoked or expired key keeps its row, so that its name in the audit has a meaning.

And so that revoking the last key closes the door instead of opening it: a deployment that
ever had a key asks for credentials. Of the keys that are not revoked each has its own name,
held by a row of kind `key-name`. A key's expiry is not under `ExpiresAt`, by which DynamoDB
would remove the row.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.core.roles import Role
from app.store.access.api_key_secret import Secret, new_secret
from app.store.access.settings_rows import SettingsRows, row_key
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KIND = "key"
_NAME_KIND = "key-name"
_NAME = re.compile(r"\w([\w .@+-]{0,62}[\w.])?")
_RESERVED = {"local"}  # who writes where nobody has to say who they are


class KeyRefused(Exception):
    """A key cannot be made or revoked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key."""

    id: str
    name: str
    role: Role
    hash: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    version: int = 1

    def usable(self, now: datetime) -> bool:
        """Whether it lets anyone in."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ApiKeys:
    """The keys of a deployment, in its Settings table."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = SettingsRows(client, table)
        self._now = now

    def create(
        self, name: str, role: Role, expires_at: datetime | None, actor: str
    ) -> tuple[ApiKey, Secret]:
        """Make a key; the secret is to be had here only.

        Raises:
            KeyRefused: the name is taken or malformed.
            StoreUnavailable: look at the list before trying again.

        """
        name = checked_name(name)
        secret = new_secret()
        key = ApiKey(secret.key_id, name, role, secret.hash, self._now(), expires_at)
        try:
            self._rows.record_action(
                actor,
                "key created",
                self._rows.put_new(_row(key)),
                self._rows.put_new(row_key(_NAME_KIND, name)),
                after=shown(key),
            )
        except ConditionFailed:
            raise KeyRefused(
                f"there is a key called {name!r} already: revoke it first, or choose another name"
            ) from None
        return key, secret

    def revoke(self, name_or_id: str, actor: str) -> ApiKey:
        """End a key, for good.

        Raises:
            KeyRefused: there is no such key that is not revoked.

        """
        wanted = unicodedata.normalize("NFC", name_or_id)
        alive = [key for key in self.all() if key.revoked_at is None]
        found = next((key for key in alive if wanted in {key.id, key.name}), None)
        if found is None:
            raise KeyRefused(f"no key is called {wanted!r}: `stockpulse key list` shows them all")
        at = rfc3339(self._now())
        try:
            self._rows.record_action(
                actor,
                "key revoked",
                self._rows.action(
                    "Update",
                    Key=row_key(KIND, found.id),
                    UpdateExpression="SET RevokedAt = :at, Version = Version + :one",
                    ConditionExpression="Version = :seen",
                    ExpressionAttributeValues={
                        ":at": {"S": at},
                        ":one": {"N": "1"},
                        ":seen": {"N": str(found.version)},
                    },
                ),
                self._rows.action("Delete", Key=row_key(_NAME_KIND, found.name)),
                before=shown(found),
                after={"id": found.id, "revoked": at},
            )
        except ConditionFailed:
            raise KeyRefused(f"someone else changed the key {wanted!r} meanwhile") from None
        return found

    def all(self) -> list[ApiKey]:
        """Every key that there ever was, oldest first."""
        keys = [_read(row) for row in self._rows.all(KIND)]
        return sorted(keys, key=lambda key: key.created_at)

    def used(self, key_id: str, at: datetime) -> None:
        """Note when a key was last used."""
        with translated():
            self._rows.client.update_item(
                TableName=self._rows.table,
                Key=row_key(KIND, key_id),
                UpdateExpression="SET LastUsedAt = :at",
                ConditionExpression="attribute_exists(ID)",
                ExpressionAttributeValues={":at": {"S": rfc3339(at)}},
            )


def checked_name(name: str) -> str:
    """The name as it is kept.

    Raises:
        KeyRefused: it would not make a good actor.

    """
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise KeyRefused(
            f"{name!r} cannot name a key: take 1 to 64 letters, digits and . @ + - _ or spaces "
            f"between them, and not {', '.join(sorted(_RESERVED))!r}"
        )
    return name


def shown(key: ApiKey) -> dict[str, Any]:
    """A key for the admin trail: all but its hash."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "expires": None if key.expires_at is None else rfc3339(key.expires_at),
    }


_TIMES = (
    ("Expires", "expires_at"),
    ("RevokedAt", "revoked_at"),
    ("LastUsedAt", "last_used_at"),
)


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        **row_key(KIND, key.id),
        "Name": {"S": key.name},
        "Role": {"S": key.role},
        "Hash": {"S": key.hash},
        "CreatedAt": {"S": rfc3339(key.created_at)},
        "Version": {"N": str(key.version)},
        **{
            attribute: {"S": rfc3339(moment)}
            for attribute, field in _TIMES
            if (moment := getattr(key, field)) is not None
        },
    }


def _read(item: Any) -> ApiKey:
    return ApiKey(
        id=item["ID"]["S"],
        name=item["Name"]["S"],
        role=Role(item["Role"]["S"]),
        hash=item["Hash"]["S"],
        created_at=datetime.fromisoformat(item["CreatedAt"]["S"]),
        version=int(item["Version"]["N"]),
        **{
            field: datetime.fromisoformat(item[attribute]["S"])
            for attribute, field in _TIMES
            if attribute in item
        },
    )
