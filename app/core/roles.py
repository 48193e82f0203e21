"""There are three roles, and a few names of actors that no person and no key may have."""

import unicodedata
from enum import StrEnum


class Role(StrEnum):
    """Viewers read, editors also change products, admins also manage keys and dead letters.

    Each role includes the permissions of the one before it.
    """

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role has the permissions of `needed`."""
        return _ORDER[self] >= _ORDER[needed]


_ORDER = {role: place for place, role in enumerate(Role)}

LOCAL_ACTOR = "local"  # the actor when no credentials are needed
CLI = "cli:"  # followed by the system's user: the actor of commands
OUTSIDE = "outside Stockpulse"  # shown instead of an actor that is unknown
NOT_RECORDED = "not recorded"  # shown where a record cannot say who it was
EXPIRY = "automatic expiry"  # shown for a deletion by DynamoDB's TTL

_OWN = {name.casefold() for name in (LOCAL_ACTOR, OUTSIDE, NOT_RECORDED, EXPIRY)}


def is_reserved(name: str) -> bool:
    """Whether the name is one of ours, or looks the same: letter case and width do not matter."""
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return folded in _OWN or folded.startswith(CLI)
