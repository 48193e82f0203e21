"""The worker tests run on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.engines import DYNAMODB_LOCAL, EMBEDDED, Engine, needed


@pytest.fixture(params=[EMBEDDED, DYNAMODB_LOCAL])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A fresh engine for this test."""
    needed(request.param)
    with Engine(request.param, tmp_path / "engine") as running:
        yield running
