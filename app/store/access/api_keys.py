"""A revoked or expired API key keeps its row, so that its name in the audit can be resolved.

The row also keeps a deployment closed after its last key is revoked: once a key has existed,
credentials are required. The names of keys that are not revoked are unique; a row of kind
`key-name` reserves each. The expiry is not stored as `ExpiresAt`: DynamoDB would delete the row.
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
_RESERVED = {"local"}  # the actor of writes without credentials


class KeyRefused(Exception):
    """A key cannot be created or revoked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored."""

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
        """Whether the key is accepted: neither revoked nor expired."""
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
        """Create a key; its secret is returned only here.

        Raises:
            KeyRefused: the name is taken or malformed.
            StoreUnavailable: the key may have been created; check the list before a retry.

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
                f"a key named {name!r} already exists: revoke it first, or choose another name"
            ) from None
        return key, secret

    def revoke(self, name_or_id: str, actor: str) -> ApiKey:
        """Revoke a key permanently.

        Raises:
            KeyRefused: no key has this name or id, or it is revoked already.

        """
        wanted = unicodedata.normalize("NFC", name_or_id)
        alive = [key for key in self.all() if key.revoked_at is None]
        found = next((key for key in alive if wanted in {key.id, key.name}), None)
        if found is None:
            raise KeyRefused(
                f"no active key has the name or id {wanted!r}: list all keys with "
                "`stockpulse key list`"
            )
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
            raise KeyRefused(
                f"the key {wanted!r} was changed at the same time: list the keys with "
                "`stockpulse key list` and try again"
            ) from None
        return found

    def all(self) -> list[ApiKey]:
        """Every key ever created, oldest first."""
        keys = [_read(row) for row in self._rows.all(KIND)]
        return sorted(keys, key=lambda key: key.created_at)

    def record_use(self, key_id: str, at: datetime) -> None:
        """Store when a key was last used."""
        with translated():
            self._rows.client.update_item(
                TableName=self._rows.table,
                Key=row_key(KIND, key_id),
                UpdateExpression="SET LastUsedAt = :at",
                ConditionExpression="attribute_exists(ID)",
                ExpressionAttributeValues={":at": {"S": rfc3339(at)}},
            )


def checked_name(name: str) -> str:
    """The name in the form in which it is stored.

    Raises:
        KeyRefused: it is not allowed as a key's name.

    """
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise KeyRefused(
            f"{name!r} is not allowed as a key's name: use 1 to 64 letters, digits, . @ + - _ and "
            f"spaces (not at the start or end), and not {', '.join(sorted(_RESERVED))!r}"
        )
    return name


def shown(key: ApiKey) -> dict[str, Any]:
    """A key as the admin trail shows it: without its hash."""
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
