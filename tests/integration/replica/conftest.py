"""Each test gets a database of its own: an SQLite file, or one of a real PostgreSQL server."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.settings import Settings
from tests.integration.consumers.kit import Shop
from tests.integration.replica.kit import Replicated
from tests.support.outside.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the tests that leave it as it was."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'replica.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"replica_{uuid.uuid4().hex[:8]}"
    server.execute(f"CREATE DATABASE {name}")
    return server.url(name)


@pytest.fixture
def replicated(settings: Settings, url: str) -> Iterator[Replicated]:
    """Empty tables, and the database of their replica."""
    shop = Shop(settings)
    with Replicated(shop, url) as found:
        yield found
    shop.close()
