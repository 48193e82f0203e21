"""Three roles, each of which may do all that the one before it may."""

from enum import StrEnum


class Role(StrEnum):
    """What someone may do: look, change products, or see to keys and dead letters as well."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether whoever has this role may do what needs the other."""
        return _ORDER[self] >= _ORDER[needed]


_ORDER = {role: place for place, role in enumerate(Role)}
