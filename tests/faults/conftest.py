"""The trials of workers run on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.engines import DYNAMODB_LOCAL, EMBEDDED, Engine, needed

both = pytest.fixture(params=[EMBEDDED, DYNAMODB_LOCAL])


@both
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine of this trial's own, which is not killed."""
    needed(request.param)
    with Engine(request.param, tmp_path / "engine", lasts=False) as running:
        yield running


@both
def lasting_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """One that has its tables after a kill."""
    needed(request.param)
    with Engine(request.param, tmp_path / "engine", lasts=True) as running:
        yield running
