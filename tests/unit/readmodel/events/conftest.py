"""A copy with the made-up events."""

import pytest

from tests.unit.readmodel.events.history import HISTORY
from tests.unit.readmodel.kit import Copy


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("full"))
    copy.changes.apply(HISTORY)
    return copy
