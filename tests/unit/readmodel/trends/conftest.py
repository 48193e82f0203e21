"""A shop with an empty copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.readmodel.trends.kit import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    with made.copy.database:
        yield made
