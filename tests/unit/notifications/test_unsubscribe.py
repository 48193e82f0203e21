"""A link to unsubscribe names one subscription, and only a key of the deployment can make one."""

import pytest

from app.notifications.unsubscribe import subscription_of, token, unsubscribe_url

KEYS = {"k1": b"k" * 32}


def test_a_token_gives_back_its_subscription() -> None:
    made = token(KEYS, "rule-1", "0123456789abcdef")
    assert subscription_of(KEYS, made) == ("rule-1", "0123456789abcdef")


def test_a_token_still_works_after_a_new_key_was_put_in_front() -> None:
    made = token(KEYS, "rule-1", "abc")
    assert subscription_of({"k2": b"n" * 32, **KEYS}, made) == ("rule-1", "abc")
    assert subscription_of({"k2": b"n" * 32}, made) is None


def test_each_changed_character_is_noticed() -> None:
    made = token(KEYS, "r", "abc")
    for place, found in enumerate(made):
        other = made[:place] + ("A" if found != "A" else "B") + made[place + 1 :]
        # The last character has bits that base64 does not use.
        assert subscription_of(KEYS, other) in {None, ("r", "abc")}
        if place < len(made) - 1:
            assert subscription_of(KEYS, other) is None


@pytest.mark.parametrize(
    "text", ["", "é", "A", "A" * 22, "A" * 400, "a b", token({"k": b""}, "r", "x")]
)
def test_anything_else_is_no_token(text: str) -> None:
    assert subscription_of(KEYS, text) is None


def test_the_url_is_at_the_public_address_and_there_is_none_without_one() -> None:
    url = unsubscribe_url("https://stock.shop.example/app", KEYS, "r", "abc")
    assert url is not None
    assert url.startswith("https://stock.shop.example/app/unsubscribe?token=")
    assert unsubscribe_url(None, KEYS, "r", "abc") is None
