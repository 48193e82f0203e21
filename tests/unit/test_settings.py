"""A wrong setting stops the start with a message that names its variable, and no secret."""

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import PREFIX, Settings, SettingsError, load
from app.store.keys import parse_keys

KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 48).decode()


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the machine's environment nor a `.env` of the repository plays a part."""
    import os

    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch):
    """The message of a start that these settings stop."""

    def message(**values: str) -> str:
        given(monkeypatch, **values)
        with pytest.raises(SettingsError) as error:
            load()
        return str(error.value)

    return message


def test_without_any_setting_stockpulse_is_a_local_program() -> None:
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
def test_every_name_of_the_design_exists_and_says_what_it_is_for(name: str) -> None:
    assert Settings.model_fields[name.lower()].description


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}PORT=9000\n{PREFIX}CURRENCY=USD\nOTHER=1\n")
    given(monkeypatch, PORT="9001")
    settings = load()
    assert (settings.port, settings.currency) == (9001, "USD")


def test_an_unknown_name_stops_the_start(refused) -> None:
    assert f"{PREFIX}PROT" in refused(PROT="8000")


def test_an_unknown_name_in_the_file_stops_the_start(refused, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}PROT=1\n")
    assert f"{PREFIX}PROT" in refused()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DYNAMODB", "localhost:8000"),
        ("DYNAMODB", "http://host/path"),
        ("DYNAMODB", "AWS"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PRODUCTS_TABLE", "x"),
        ("PRODUCTS_TABLE", "my table"),
        ("TABLE_PREFIX", "my/"),
        ("KEY_ATTRIBUTE", ""),
        ("STOCK_ATTRIBUTE", "s" * 256),
        ("READ_ONLY", "perhaps"),
        ("BROKER_URL", "localhost:6379"),
        ("BROKER_URL", "http://localhost:6379"),
        ("BROKER_URL", "redis://"),
        ("BROKER_URL", "redis://localhost:0"),
        ("BROKER_URL", "redis://localhost:99999"),
        ("BROKER_URL", "redis://localhost/first"),
        ("BROKER_URL", "redis://localhost?socket_timeout=99"),
        ("BROKER_URL", "unix://"),
        ("BROKER_URL", "unix://host/run/redis.sock"),
        ("BASE_PATH", "stockpulse"),
        ("BASE_PATH", "/a b"),
        ("CURRENCY", "euro"),
        ("TIMEZONE", "Mars/Olympus"),
        ("LOG_FORMAT", "xml"),
        ("AUDIT_RETENTION_DAYS", "0"),
        ("AUDIT_KEYS", "k1"),
        ("MAX_STREAMS", "0"),
    ],
)
def test_a_malformed_value_stops_the_start_in_one_line(refused, name: str, value: str) -> None:
    message = refused(**{name: value})
    assert message.startswith(f"{PREFIX}{name}: ")
    assert "\n" not in message


def test_every_fault_has_its_own_line(refused) -> None:
    message = refused(PORT="http", CURRENCY="euro")
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        f"{PREFIX}PORT",
        f"{PREFIX}CURRENCY",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_needs_no_credentials(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    given(monkeypatch, HOST=host)
    assert load().is_loopback


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.7", "example.org", "127.0.0.1.example.org", "128.0.0.1"],
)
def test_any_other_address_is_not_loopback(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    given(monkeypatch, HOST=host)
    assert not load().is_loopback


def test_proxies_are_named_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    message = refused(PROXY_USER_HEADER="X-Forwarded-User")
    assert f"{PREFIX}PROXY_ADDRESSES" in message
    assert f"{PREFIX}PROXY_ROLES" in message
    given(
        monkeypatch,
        PROXY_ADDRESSES="10.0.0.7, 10.1.0.0/16",
        PROXY_ROLES="the staff=editor, cn=it=admin,*=viewer",
    )
    settings = load()
    assert settings.proxy_addresses == ("10.0.0.7/32", "10.1.0.0/16")
    assert settings.proxy_user_header == "x-forwarded-user"
    assert settings.proxy_roles == {
        "the staff": "editor",
        "cn=it": "admin",
        "*": "viewer",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"PROXY_ADDRESSES": "10.0.0.7/8"},
        {"PROXY_ADDRESSES": "proxy.example"},
        {"PROXY_ROLES": "staff=king"},
        {"PROXY_ROLES": "=admin"},
        {"PROXY_USER_HEADER": "X User"},
        {"SESSION_KEY": "short"},
        {"SESSION_IDLE_MINUTES": "0"},
        {"SESSION_HOURS": "0"},
    ],
    ids=str,
)
def test_wrong_settings_of_who_gets_in_are_named(refused, wrong: dict[str, str]) -> None:
    assert PREFIX + next(iter(wrong)) in refused(**wrong)


def test_a_group_header_alone_names_nobody(refused) -> None:
    assert f"{PREFIX}PROXY_USER_HEADER" in refused(PROXY_GROUP_HEADER="X-Groups")


def test_on_aws_the_audit_key_must_be_given(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    assert f"{PREFIX}AUDIT_KEYS" in refused(DYNAMODB="aws")
    given(monkeypatch, AUDIT_KEYS=f"k1:{KEY}")
    assert load().dynamodb == "aws"


@pytest.mark.parametrize(
    "names",
    [
        {"KEY_ATTRIBUTE": "Stock"},
        {"NAME_ATTRIBUTE": "ProductID"},
        {"STOCK_ATTRIBUTE": "qty", "NAME_ATTRIBUTE": "qty"},
    ],
)
def test_one_attribute_cannot_be_two(refused, names: dict[str, str]) -> None:
    assert f"{PREFIX}STOCK_ATTRIBUTE" in refused(**names)


@pytest.mark.parametrize(
    ("setting", "attribute"),
    [
        ("STOCK_ATTRIBUTE", "Version"),  # each write would count the stock up by one
        ("STOCK_ATTRIBUTE", "ReorderPoint"),
        ("NAME_ATTRIBUTE", "Note"),  # each write without a note would remove the name
        ("NAME_ATTRIBUTE", "UpdatedAt"),
        ("NAME_ATTRIBUTE", "Category"),
        ("KEY_ATTRIBUTE", "RequestID"),
    ],
)
def test_an_attribute_that_stockpulse_writes_itself_cannot_be_the_key_name_or_stock(
    refused, setting: str, attribute: str
) -> None:
    assert f"{PREFIX}{setting}" in refused(**{setting: attribute})


@pytest.mark.parametrize(
    "keys", [f"k1:{KEY}x", f"k1:{KEY},k1:{OTHER_KEY}", f"s3cr3t-{KEY}", "k1:c2hvcnQ="]
)
def test_a_refused_key_is_not_shown(refused, keys: str) -> None:
    message = refused(AUDIT_KEYS=keys)
    assert message.startswith(f"{PREFIX}AUDIT_KEYS: ")
    assert not {
        part for part in keys.replace(",", ":").split(":") if len(part) > 2 and part in message
    }


def test_keys_do_not_show_in_the_settings_text() -> None:
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
def test_a_broker_is_a_redis_and_its_password_is_shown_nowhere(
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
def test_a_refused_broker_s_password_is_not_shown(refused, url: str) -> None:
    message = refused(BROKER_URL=url)
    assert message.startswith(f"{PREFIX}BROKER_URL: ")
    assert "cr3t" not in message


def test_settings_are_never_changed() -> None:
    with pytest.raises(ValidationError):
        load().port = 1


def test_keys_are_read_in_order_the_first_signs() -> None:
    keys = parse_keys(f"new:{OTHER_KEY}, old:{KEY}")
    assert list(keys) == ["new", "old"]
    assert keys["old"] == b"k" * 32


@pytest.mark.parametrize(
    "text", ["", "k1", f":{KEY}", f"k1:{KEY},", "k1:!!", "k1:ä", f"k1:{KEY},k1:{KEY}", "k1:YQ=="]
)
def test_keys_that_could_not_sign_are_refused_with_their_form(text: str) -> None:
    with pytest.raises(ValueError, match="id:base64"):
        parse_keys(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAXIMUM_RETRY_ATTEMPTS", "-2"),
        ("MAXIMUM_RETRY_ATTEMPTS", "10001"),
        ("MAXIMUM_RECORD_AGE_IN_SECONDS", "59"),
        ("MAXIMUM_RECORD_AGE_IN_SECONDS", "0"),
        ("MAXIMUM_RECORD_AGE_IN_SECONDS", "604801"),
    ],
)
def test_the_retry_policy_has_the_bounds_of_lambda_s(refused, name: str, value: str) -> None:
    assert PREFIX + name in refused(**{name: value})


@pytest.mark.parametrize("age", ["-1", "60", "604800"])
def test_a_record_age_of_lambda_s_is_taken(monkeypatch: pytest.MonkeyPatch, age: str) -> None:
    given(monkeypatch, MAXIMUM_RECORD_AGE_IN_SECONDS=age, MAXIMUM_RETRY_ATTEMPTS="-1")
    assert load().maximum_record_age_in_seconds == int(age)
