"""The broker lives on one asyncio loop; each test gets one of its own."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
