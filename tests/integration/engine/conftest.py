from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import process


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder that no engine outlives."""
    folder = tmp_path / "data"
    yield folder
    for left in process.running(folder / "engine.db"):
        left.end()
