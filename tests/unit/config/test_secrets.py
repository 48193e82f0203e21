"""Keys and passwords are checked, and never shown."""

import base64

import pytest

from app.config.key_files import parse_keys
from app.config.settings import PREFIX, Settings, load
from tests.unit.config.environment import given

KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 48).decode()


def test_audit_keys_are_required_on_aws(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    assert f"{PREFIX}AUDIT_KEYS" in refused(DYNAMODB="aws")
    given(monkeypatch, AUDIT_KEYS=f"k1:{KEY}")
    assert load().dynamodb == "aws"


@pytest.mark.parametrize(
    "keys", [f"k1:{KEY}x", f"k1:{KEY},k1:{OTHER_KEY}", f"s3cr3t-{KEY}", "k1:c2hvcnQ="]
)
def test_refused_key_is_not_shown(refused, keys: str) -> None:
    message = refused(AUDIT_KEYS=keys)
    assert message.startswith(f"{PREFIX}AUDIT_KEYS: ")
    assert not {
        part for part in keys.replace(",", ":").split(":") if len(part) > 2 and part in message
    }


def test_keys_are_not_in_the_settings_repr() -> None:
    assert KEY not in repr(Settings(_env_file=None, audit_keys=f"k1:{KEY}"))


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:s3cr3t@10.0.0.7:6380/2",
        "rediss://app:s3cr3t@cache.example:6379",
        "unix:///run/redis/redis.sock",
        "unix://app:s3cr3t@/run/redis.sock",
        "redis://[::1]:6379/0",
    ],
)
def test_broker_url_is_accepted_and_its_password_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    given(monkeypatch, BROKER_URL=url)
    settings = load()
    assert settings.broker_url is not None
    assert settings.broker_url.get_secret_value() == url
    assert "s3cr3t" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


@pytest.mark.parametrize(
    "url", ["redis://:s3cr3t@host/first", "redis://:s3cr3t@host:99999", "redis://:s3/cr3t@host"]
)
def test_password_of_a_refused_broker_url_is_not_shown(refused, url: str) -> None:
    message = refused(BROKER_URL=url)
    assert message.startswith(f"{PREFIX}BROKER_URL: ")
    assert "cr3t" not in message


def test_keys_keep_their_order() -> None:
    keys = parse_keys(f"new:{OTHER_KEY}, old:{KEY}")
    assert list(keys) == ["new", "old"]
    assert keys["old"] == b"k" * 32


@pytest.mark.parametrize(
    "text", ["", "k1", f":{KEY}", f"k1:{KEY},", "k1:!!", "k1:ä", f"k1:{KEY},k1:{KEY}", "k1:YQ=="]
)
def test_invalid_keys_are_refused_with_the_expected_form(text: str) -> None:
    with pytest.raises(ValueError, match="id:base64"):
        parse_keys(text)
