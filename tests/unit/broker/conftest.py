"""Each test of the broker has its own asyncio event loop."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.broker.desk import opened


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def leaving() -> AsyncIterator[None]:
    """Close a desk's clients: a task left pending would end in the middle of another test."""
    yield
    while opened:
        await opened.pop().close()
