"""A signature names the audit key that it was made with: the first key signs, all of them verify.

Each purpose has keys of its own, derived from the audit keys, so that a signature made for one
purpose proves nothing for another. Pure.
"""

import base64
import hmac
from collections.abc import Mapping


class Signatures:
    """Signs and verifies messages of one purpose; without keys, nothing is signed or believed."""

    def __init__(self, audit_keys: Mapping[str, bytes], purpose: bytes) -> None:
        """`audit_keys` by their ids, the one that signs first."""
        self._derived = {
            key_id: hmac.digest(key, purpose, "sha256") for key_id, key in audit_keys.items()
        }

    @property
    def signs_as(self) -> str | None:
        """The id of the key that signs; None without keys."""
        return next(iter(self._derived), None)

    def knows(self, signature: str) -> bool:
        """Whether the signature names a key that is known here."""
        return key_id_of(signature) in self._derived

    def sign(self, message: bytes) -> str | None:
        """The signature, as `key id:base64url`; None without keys."""
        key_id = self.signs_as
        return None if key_id is None else self._by(key_id, message)

    def proves(self, signature: str, message: bytes) -> bool:
        """Whether one of our keys made this signature for this message."""
        key_id = key_id_of(signature)
        if key_id not in self._derived:
            return False
        given = signature.encode(errors="surrogatepass")  # any text that a store can hold
        return hmac.compare_digest(given, self._by(key_id, message).encode())

    def _by(self, key_id: str, message: bytes) -> str:
        digest = hmac.digest(self._derived[key_id], message, "sha256")
        return f"{key_id}:{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def key_id_of(signature: str) -> str:
    """The id of the key that a signature names."""
    return signature.partition(":")[0]
