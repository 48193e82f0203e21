"""Cursors to resume from, and a client that does so."""

import asyncio
from contextlib import suppress

from app.broker.in_process import InProcessBroker
from tests.support.builders import a_cursor
from tests.unit.broker.kit import Client, connected

LONG_AGO = str(a_cursor(-1))  # in no ring, and within 10 s before the first events


def after(number: int) -> str:
    return str(a_cursor(number))


async def collect(broker: InProcessBroker, cursor: str, count: int, seconds: float = 1) -> Client:
    """A client that has read until there were `count` changes, or for `seconds`."""
    async with connected(broker, cursor) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await client.until(count)
        return client
