"""Each setting has a name, a default, and comes from the environment or `.env`."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config.settings import PREFIX, Settings, load
from tests.unit.config.environment import given


def test_defaults_are_those_of_a_local_program() -> None:
    settings = load()
    assert (settings.dynamodb, settings.host, settings.port) == ("embedded", "127.0.0.1", 8000)
    assert settings.data_dir == Path(".data")
    assert settings.is_loopback
    assert not settings.open_access
    assert not settings.read_only
    assert settings.audit_keys is None
    assert settings.broker_url is None


@pytest.mark.parametrize(
    "name",
    [
        "DYNAMODB",
        "HOST",
        "PORT",
        "DATA_DIR",
        "TABLE_PREFIX",
        "PRODUCTS_TABLE",
        "KEY_ATTRIBUTE",
        "NAME_ATTRIBUTE",
        "STOCK_ATTRIBUTE",
        "READ_ONLY",
        "BROKER_URL",
        "AUDIT_KEYS",
        "OPEN_ACCESS",
        "BASE_PATH",
        "CURRENCY",
        "TIMEZONE",
        "LOG_FORMAT",
    ],
)
def test_core_settings_exist_and_have_a_description(name: str) -> None:
    assert Settings.model_fields[name.lower()].description


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        PORT="0",
        DATA_DIR="/srv/stock",
        ALLOWED_HOSTS="stock.example, shop.example,",
        READ_ONLY="true",
        TIMEZONE="Europe/Berlin",
    )
    settings = load()
    assert settings.port == 0
    assert settings.data_dir == Path("/srv/stock")
    assert settings.allowed_hosts == ("stock.example", "shop.example")
    assert settings.read_only
    assert settings.timezone == "Europe/Berlin"


def test_environment_overrides_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}PORT=9000\n{PREFIX}CURRENCY=USD\nOTHER=1\n")
    given(monkeypatch, PORT="9001")
    settings = load()
    assert (settings.port, settings.currency) == (9001, "USD")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_addresses_are_recognised(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    given(monkeypatch, HOST=host)
    assert load().is_loopback


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.7", "example.org", "127.0.0.1.example.org", "128.0.0.1"],
)
def test_other_addresses_are_not_loopback(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    given(monkeypatch, HOST=host)
    assert not load().is_loopback


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError):
        load().port = 1


@pytest.mark.parametrize("age", ["-1", "60", "604800"])
def test_record_ages_that_lambda_allows_are_accepted(
    monkeypatch: pytest.MonkeyPatch, age: str
) -> None:
    given(monkeypatch, MAXIMUM_RECORD_AGE_IN_SECONDS=age, MAXIMUM_RETRY_ATTEMPTS="-1")
    assert load().maximum_record_age_in_seconds == int(age)
