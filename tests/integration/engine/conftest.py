from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import EmbeddedEngine, process
from tests.integration.engine.kit import create_table, put


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder; engines that still run on it after the test are ended."""
    folder = tmp_path / "data"
    yield folder
    for orphan in process.running(folder / "engine.db"):
        orphan.end()


@pytest.fixture
def file(data_dir: Path) -> Path:
    """An engine's file whose stream has new records: 1 to 10 of Products, 1 to 3 of Orders."""
    with EmbeddedEngine(data_dir) as engine:
        for table, changes in (("Products", 10), ("Orders", 3)):
            create_table(engine.url, table)
            for stock in range(changes):
                put(engine.url, stock, table)
    return data_dir / "engine.db"
