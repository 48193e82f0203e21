"""A replica's URL and table prefix are checked at the start."""

import pytest

from app.config.settings import PREFIX, load
from tests.unit.config.environment import given


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgres://shop:a%40b@db.example/shop", "postgresql://shop:a%40b@db.example/shop"),
        ("postgresql://shop@[::1]:5433/shop?sslmode=require", None),
        ("postgresql:///shop?host=/run/postgresql", None),
        ("sqlite:////var/lib/stockpulse/replica.db", None),
        ("sqlite:///replica.db", None),
    ],
)
def test_url_of_a_database_is_accepted(
    monkeypatch: pytest.MonkeyPatch, url: str, kept: str | None
) -> None:
    given(monkeypatch, REPLICA_URL=url)
    found = load(signs=False).replica_url
    assert found is not None
    assert found.get_secret_value() == (kept or url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPLICA_URL", "mysql://shop:hunter2@db/shop"),
        ("REPLICA_URL", "postgresql://shop:hunter2@db:99999/shop"),
        ("REPLICA_URL", "postgresql://shop:hunter2@secret@db/shop"),
        ("REPLICA_URL", "postgresql://shop:hunter2@db"),
        ("REPLICA_URL", "postgresql://shop:hunter2 @db/shop"),
        ("REPLICA_URL", "sqlite://"),
        ("REPLICA_URL", "sqlite:///:memory:"),
        ("REPLICA_URL", "sqlite:///"),
        ("REPLICA_PREFIX", "1st_"),
        ("REPLICA_PREFIX", "a;b"),
        ("REPLICA_PREFIX", "x" * 41),
        ("REPLICA_DELETES", "keep"),
        ("REPLICA_FILTER", "{"),
        ("REPLICA_ATTRIBUTES", ""),
    ],
)
def test_invalid_value_is_refused_without_the_password(refused, name: str, value: str) -> None:
    message = refused(**{name: value})
    assert message.startswith(f"{PREFIX}{name}: ")
    assert "hunter2" not in message
