"""A key's name is the actor of its writes, so it is readable and none of Stockpulse's own names."""

import re
import unicodedata

from app.core.roles import is_reserved

_NAME = re.compile(r"\w([\w .@+-]{0,62}[\w.])?")


class KeyRefused(Exception):
    """A key cannot be created or revoked; the message says why and what to do."""


def checked_name(name: str) -> str:
    """The name in the form in which it is stored.

    Raises:
        KeyRefused: it is not allowed as a key's name.

    """
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise KeyRefused(
            f"{name!r} is not allowed as a key's name: use 1 to 64 letters, digits, . @ + - _ and "
            "spaces (not at the start or end)"
        )
    if is_reserved(name):
        raise KeyRefused(
            f"{name!r} is not allowed as a key's name: Stockpulse uses it itself, so a change "
            "would not show who made it. Choose another name"
        )
    return name
