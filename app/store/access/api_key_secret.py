"""An API key's secret is shown once and stored as its SHA-256.

Argon2 and similar hashes slow down guessing of secrets that people choose. These secrets are 256
random bits and cannot be guessed, so a slow hash would only slow down every request. The id in
front of the secret names the row to compare with, so no lookup is made by hash.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_FORM = re.compile(r"sp_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
_NO_MATCH = hashlib.sha256(secrets.token_bytes(32)).hexdigest()  # the hash of no known secret


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in plain text; it never appears in a repr."""

    text: str = field(repr=False)

    @property
    def key_id(self) -> str:
        """The id of its key; empty if the text does not have the form of a secret."""
        match = _FORM.fullmatch(self.text)
        return match[1] if match else ""

    @property
    def hash(self) -> str:
        """The SHA-256 that is stored, in hex."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()

    def matches(self, kept: str | None) -> bool:
        """Whether the stored hash is this secret's; takes equally long without a hash."""
        return hmac.compare_digest(self.hash, kept or _NO_MATCH) and kept is not None


def new_secret() -> Secret:
    """The secret of a new key; it contains the key's id."""
    return Secret(f"sp_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}")


def new_token() -> str:
    """A random token of 256 bits, for links, sessions and forms."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """The SHA-256 of a link's token, as it is stored, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
