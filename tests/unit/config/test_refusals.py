"""An invalid setting stops startup with a message that names its variable."""

from pathlib import Path

import pytest

from app.config.settings import PREFIX, load
from tests.unit.config.environment import given


def test_unknown_variable_is_refused(refused) -> None:
    assert f"{PREFIX}PROT" in refused(PROT="8000")


def test_unknown_variable_in_the_env_file_is_refused(refused, tmp_path: Path) -> None:
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
def test_invalid_value_is_refused_in_one_line(refused, name: str, value: str) -> None:
    message = refused(**{name: value})
    assert message.startswith(f"{PREFIX}{name}: ")
    assert "\n" not in message


def test_every_error_has_its_own_line(refused) -> None:
    message = refused(PORT="http", CURRENCY="euro")
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        f"{PREFIX}PORT",
        f"{PREFIX}CURRENCY",
    ]


def test_proxy_user_header_needs_addresses_and_roles(
    monkeypatch: pytest.MonkeyPatch, refused
) -> None:
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
def test_invalid_access_settings_are_named(refused, wrong: dict[str, str]) -> None:
    assert PREFIX + next(iter(wrong)) in refused(**wrong)


def test_group_header_needs_a_user_header(refused) -> None:
    assert f"{PREFIX}PROXY_USER_HEADER" in refused(PROXY_GROUP_HEADER="X-Groups")


@pytest.mark.parametrize(
    "names",
    [
        {"STOCK_ATTRIBUTE": "qty", "NAME_ATTRIBUTE": "qty"},
        {"STOCK_ATTRIBUTE": "ReorderPoint"},
        {"METADATA_ATTRIBUTE": "Tags"},
        {"PRICE_ATTRIBUTE": "Stockpulse"},
        {"STOCK_ATTRIBUTE": "inventory", "PRICE_ATTRIBUTE": "inventory.price"},
        {"METADATA_ATTRIBUTE": "meta", "PRICE_ATTRIBUTE": "meta.price"},
        {"UNIT_ATTRIBUTE": "Stock"},
    ],
)
def test_attributes_must_have_different_names(refused, names: dict[str, str]) -> None:
    assert all(f"{PREFIX}{name}" in refused(**names) for name in names)


@pytest.mark.parametrize(
    ("ignored", "setting"),
    [("lastSync,Stock", "STOCK_ATTRIBUTE"), ("Pro*", "NAME_ATTRIBUTE"), ("*", "NAME_ATTRIBUTE")],
)
def test_known_attributes_cannot_be_ignored(refused, ignored: str, setting: str) -> None:
    message = refused(IGNORED_ATTRIBUTES=ignored)
    assert f"{PREFIX}IGNORED_ATTRIBUTES" in message
    assert f"{PREFIX}{setting}" in message


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
def test_retry_policy_has_the_same_limits_as_lambda_s(refused, name: str, value: str) -> None:
    assert PREFIX + name in refused(**{name: value})


@pytest.mark.parametrize("path", ["lines[0].qty", "inventory...", ".", "a.", "." * 71, "x." * 40])
def test_a_path_must_lead_through_maps(refused, path: str) -> None:
    assert f"{PREFIX}STOCK_ATTRIBUTE" in refused(STOCK_ATTRIBUTE=path)


@pytest.mark.parametrize("ignored", ["inventory.*", "inventory.qty", "inv*", "inventory"])
def test_known_attributes_inside_maps_cannot_be_ignored(refused, ignored: str) -> None:
    message = refused(STOCK_ATTRIBUTE="inventory.qty", IGNORED_ATTRIBUTES=ignored)
    assert f"{PREFIX}IGNORED_ATTRIBUTES must not match inventory.qty" in message


@pytest.mark.parametrize(
    ("names", "named"),
    [
        ({"KEY_ATTRIBUTE": "id", "SORT_KEY_ATTRIBUTE": "id"}, "SORT_KEY_ATTRIBUTE"),
        ({"KEY_ATTRIBUTE": "Stock"}, "STOCK_ATTRIBUTE"),
        ({"SORT_KEY_ATTRIBUTE": "Stockpulse"}, "METADATA_ATTRIBUTE"),
    ],
)
def test_the_key_names_attributes_of_its_own(refused, names: dict[str, str], named: str) -> None:
    assert f"{PREFIX}{named}" in refused(**names)
