"""An API key's secret is shown once and kept as its SHA-256.

Argon2 and its kind make guessing dear where people choose the secret. These are 256 random
bits: no guess comes near, so a slow hash would only cost every request its time. The id in
front says which row to compare with, so that no hash is looked up by its value.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_FORM = re.compile(r"sp_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).hexdigest()  # what no secret has for its hash


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as its holder has it; it never shows in a repr."""

    text: str = field(repr=False)

    @property
    def key_id(self) -> str:
        """The id of its key; empty where it does not have a secret's form."""
        match = _FORM.fullmatch(self.text)
        return match[1] if match else ""

    @property
    def hash(self) -> str:
        """What is kept of it."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()

    def matches(self, kept: str | None) -> bool:
        """Whether the kept hash is this one's; without one it takes just as long."""
        return hmac.compare_digest(self.hash, kept or _NOBODY) and kept is not None


def new_secret() -> Secret:
    """A secret of a new key, its id in it."""
    return Secret(f"sp_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}")


def new_token() -> str:
    """A random word of 256 bits, for links, sessions and forms."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
