"""The broker lives on one asyncio loop; each test gets one of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.broker.desk import opened


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def leaving() -> AsyncIterator[None]:
    """Clients of a desk leave: a task that is only forgotten ends in the middle of another test."""
    yield
    while opened:
        await opened.pop().close()
