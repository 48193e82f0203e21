"""A secret is derived, differs for each recipient of each rule, and overlaps when it is rotated."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.core.rules.rule import Recipient
from app.notifications.channels.webhook.signing_secret import signing_keys, signing_secret
from app.store.audit.entry import Signer
from tests.support.messages.notifying import SIGNER

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOOK = Recipient("webhook", "https://shop.example/a")
RULE = "19ab7c0d3fe9a41c2"


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


def test_the_secret_that_is_shown_is_the_one_that_signs() -> None:
    assert signing_keys(SIGNER, RULE, HOOK, NOW) == [_key(signing_secret(SIGNER.key, RULE, HOOK))]


def test_rules_recipients_generations_and_deployments_have_different_secrets() -> None:
    others = [
        signing_secret(SIGNER.key, RULE, replace(HOOK, address="https://shop.example/b")),
        signing_secret(SIGNER.key, RULE, replace(HOOK, generation=2)),
        signing_secret(b"o" * 32, RULE, HOOK),
        signing_secret(SIGNER.key, "another", HOOK),
    ]
    assert len({signing_secret(SIGNER.key, RULE, HOOK), *others}) == 5


def test_both_secrets_sign_for_a_day_after_a_rotation() -> None:
    rotated = replace(HOOK, generation=2, rotated_at=int(NOW.timestamp() * 1000))
    both = [_key(signing_secret(SIGNER.key, RULE, one)) for one in (rotated, HOOK)]
    assert signing_keys(SIGNER, RULE, rotated, NOW) == both
    assert signing_keys(SIGNER, RULE, rotated, NOW + timedelta(hours=23, minutes=59)) == both
    assert signing_keys(SIGNER, RULE, rotated, NOW + timedelta(hours=24)) == both[:1]


def test_secrets_that_follow_from_an_older_audit_key_still_sign() -> None:
    newer = Signer("k2", b"n" * 32, older={"k1": SIGNER.key})
    assert _key(signing_secret(SIGNER.key, RULE, HOOK)) in signing_keys(newer, RULE, HOOK, NOW)
