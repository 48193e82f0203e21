"""There are three roles; each includes the permissions of the one before it."""

from enum import StrEnum


class Role(StrEnum):
    """Viewers read, editors also change products, admins also manage keys and dead letters."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role has the permissions of `needed`."""
        return _ORDER[self] >= _ORDER[needed]


_ORDER = {role: place for place, role in enumerate(Role)}
