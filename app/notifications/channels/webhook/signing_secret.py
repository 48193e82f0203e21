"""A rule's webhook is signed with a secret of its own, which is derived and so stored nowhere.

Rules that send to the same address have different secrets: whoever made one of them can give its
secret away, or rotate it, and the others' secrets are neither known nor ended.

Whoever has the audit key can compute it again. A rotation raises the recipient's generation; the
former secret also signs for a day, so that the receiver can change over at leisure. Pure.
"""

import base64
import hmac
from datetime import UTC, datetime, timedelta

from app.core.rules.rule import Recipient
from app.store.audit.entry import Signer

OVERLAP = timedelta(hours=24)  # in which the secret before a rotation still signs


def signing_secret(key: bytes, rule_id: str, recipient: Recipient) -> str:
    """The secret of the recipient's generation, as Standard Webhooks writes it: `whsec_…`."""
    derived = _derived(key, rule_id, recipient, recipient.generation)
    return "whsec_" + base64.b64encode(derived).decode()


def signing_keys(signer: Signer, rule_id: str, recipient: Recipient, now: datetime) -> list[bytes]:
    """The keys that sign a rule's message to the recipient now, the current one first.

    Each audit key that still verifies signs, too: the secrets follow from it, and a new audit key
    must not invalidate those that receivers have.
    """
    generations = [recipient.generation]
    rotated_at = datetime.fromtimestamp(recipient.rotated_at / 1000, UTC)
    if recipient.generation > 1 and now - rotated_at < OVERLAP:
        generations.append(recipient.generation - 1)
    return [
        _derived(key, rule_id, recipient, generation)
        for generation in generations
        for key in signer.keys.values()
    ]


def _derived(key: bytes, rule_id: str, recipient: Recipient, generation: int) -> bytes:
    of = f"webhook\0{rule_id}\0{recipient.id}\0{generation}"
    return hmac.digest(key, of.encode(), "sha256")
