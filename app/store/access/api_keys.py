"""An API key counts only if its row is signed; a row that is not is refused, and reported.

A revoked or expired API key keeps its row, so that its name in the audit can be resolved.

The row also keeps a deployment closed after its last key is revoked: once a key has existed,
credentials are required. The names of keys that are not revoked are unique; a row of kind
`key-name` reserves each. The expiry is not stored as `ExpiresAt`: DynamoDB would delete the row.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.core.roles import Role
from app.store.access.api_key_secret import Secret, new_secret
from app.store.access.key_names import KeyRefused, checked_name
from app.store.access.key_row import KIND, ApiKey, key_of, row_of, shown
from app.store.access.settings_rows import SIGNATURE, SettingsRows, row_key
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NAME_KIND = "key-name"


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """A key's row that does not count, and why; the name is what somebody wrote into the row."""

    id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """All rows of keys, oldest key first."""

    keys: Sequence[ApiKey]
    refused: Sequence[RefusedKey] = ()


class ApiKeys:
    """The keys of a deployment, in its Settings table; its audit keys sign them."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        audit_keys: Mapping[str, bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = SettingsRows(client, table, audit_keys)
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
                self._rows.put_new(self._rows.signed(row_of(key))),
                self._rows.put_new(row_key(_NAME_KIND, name)),
                after=shown(key),
            )
        except ConditionFailed as error:
            if error.may_be_applied:
                raise KeyRefused(
                    f"the answer of the store was lost: look for {name!r} with `stockpulse key "
                    "list`, and revoke it before you create it again"
                ) from None
            raise KeyRefused(
                f"a key named {name!r} already exists: revoke it first, or choose another name"
            ) from None
        return key, secret

    def revoke(self, name_or_id: str, actor: str) -> ApiKey | RefusedKey:
        """Revoke a key permanently; a refused row is deleted.

        Raises:
            KeyRefused: no key has this name or id, or it is revoked already.

        """
        wanted = unicodedata.normalize("NFC", name_or_id)
        stored = self.read()
        alive = [key for key in stored.keys if key.revoked_at is None]
        both: list[ApiKey | RefusedKey] = [*alive, *stored.refused]
        by_id = [one for one in both if one.id == wanted]
        found = next(iter(by_id or [one for one in both if one.name == wanted]), None)
        if found is None:
            raise KeyRefused(f"no active key is called {wanted!r}: see `stockpulse key list`")
        if isinstance(found, ApiKey):
            self._revoke(found, actor)
        else:
            name_is_free = found.name not in {key.name for key in alive}
            self._delete(found, actor, name_is_free=name_is_free)
        return found

    def _revoke(self, key: ApiKey, actor: str) -> None:
        now = self._now()
        row = self._rows.signed(row_of(replace(key, revoked_at=now, version=key.version + 1)))
        try:
            self._rows.record_action(
                actor,
                "key revoked",
                self._rows.action(
                    "Update",
                    Key=row_key(KIND, key.id),
                    UpdateExpression="SET RevokedAt = :at, Version = :next, Signature = :signature",
                    ConditionExpression="Version = :seen",
                    ExpressionAttributeValues={
                        ":at": row["RevokedAt"],
                        ":next": row["Version"],
                        ":signature": row[SIGNATURE],
                        ":seen": {"N": str(key.version)},
                    },
                ),
                self._rows.action("Delete", Key=row_key(_NAME_KIND, key.name)),
                before=shown(key),
                after={"id": key.id, "revoked": rfc3339(now)},
            )
        except ConditionFailed:  # or the answer of the store was lost: the list shows which
            raise KeyRefused(
                f"the key {key.name!r} was changed at the same time: list the keys with "
                "`stockpulse key list` and try again"
            ) from None

    def _delete(self, refused: RefusedKey, actor: str, *, name_is_free: bool) -> None:
        """Delete a refused row, and the reservation of its name unless a key has it."""
        rows = [row_key(KIND, refused.id)]
        if refused.name and name_is_free:
            rows.append(row_key(_NAME_KIND, refused.name))
        self._rows.record_action(
            actor,
            "refused key deleted",
            *(self._rows.action("Delete", Key=row) for row in rows),
            before=asdict(refused),
        )

    def read(self) -> StoredKeys:
        """Every key ever created, and the rows that are refused."""
        keys, refused = [], []
        for row in self._rows.all(KIND):
            if fault := self._rows.fault(row):
                name = row.get("Name", {}).get("S", "")
                refused.append(RefusedKey(_text(row["ID"]["S"]), _text(name[:64]), fault))
            else:
                keys.append(key_of(row))
        return StoredKeys(sorted(keys, key=lambda key: key.created_at), refused)

    def sign_again(self) -> None:
        """Sign each key with the first audit key, so that an older one is not needed any more."""
        for row in self._rows.all(KIND):
            self._rows.sign_again(row)

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


def _text(stored: str) -> str:
    """Text of another program that can be shown: a store may hold half a character."""
    return stored.encode(errors="replace").decode()
