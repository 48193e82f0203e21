"""An API key as its row in the Settings table has it, without the signature. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.events import rfc3339
from app.core.roles import Role
from app.store.access.settings_rows import row_key

KIND = "key"


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


def row_of(key: ApiKey) -> dict[str, Any]:
    """The key's row, without its signature."""
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


def key_of(row: Any) -> ApiKey:
    """The key in a row."""
    return ApiKey(
        id=row["ID"]["S"],
        name=row["Name"]["S"],
        role=Role(row["Role"]["S"]),
        hash=row["Hash"]["S"],
        created_at=datetime.fromisoformat(row["CreatedAt"]["S"]),
        version=int(row["Version"]["N"]),
        **{
            field: datetime.fromisoformat(row[attribute]["S"])
            for attribute, field in _TIMES
            if attribute in row
        },
    )
