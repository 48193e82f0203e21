"""An empty copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.readmodel.kit import Copy


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = Copy(tmp_path)
    with made.database:
        yield made
