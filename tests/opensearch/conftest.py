"""Fixtures: one real OpenSearch node for the whole run, and deployments that write to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.settings import Settings
from tests.opensearch.kit import SearchShop
from tests.support.outside.opensearch import OpenSearch


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    """A running node; a test that kills it starts it again."""
    with OpenSearch(tmp_path_factory.mktemp("opensearch")) as running:
        yield running


@pytest.fixture
def shop(settings: Settings, node: OpenSearch, tmp_path: Path) -> Iterator[SearchShop]:
    """Empty tables, and no index yet."""
    shop = SearchShop(settings, node, f"t-{tmp_path.name.lower()}"[:60])
    yield shop
    shop.close()
