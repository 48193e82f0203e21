"""A list request that names a write waits for it for a second at most, without a thread.

Writes through the same process are in its lists at once, so this is for several web processes.
"""

import asyncio
import time
from typing import Annotated

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.read_model import ReadModel

WAIT = 1.0  # seconds
WAITING = 100  # requests at a time; further ones do not wait
_STEP = 0.03  # seconds between two looks into the copy

Seen = Annotated[
    str | None,
    Query(
        max_length=2100,
        pattern=r"^[\s\S]+:([0-9]{1,15}|deleted)$",
        description="A write that the list must have: the product's id, a colon, and the `version` "
        "in the write's response, or `deleted`. Only needed with several servers. The request "
        "waits for it for up to a second; `seen` in the response says whether the list has it.",
        examples=["TEA-1:7"],
    ),
]


class VersionWaits:
    """The list requests of one process that wait; used by the event loop only."""

    def __init__(self, wait: float = WAIT, most: int = WAITING) -> None:
        self._wait = wait
        self._most = most
        self._waiting = 0

    async def seen(self, model: ReadModel, seen: str | None) -> bool | None:
        """Whether the copy has the write that `Seen` names; None without one."""
        if seen is None:
            return None
        product_id, _, version = seen.rpartition(":")
        least = None if version == "deleted" else int(version)
        deadline = time.monotonic() + self._wait
        if self._waiting >= self._most:
            return await run_in_threadpool(_has, model, product_id, least)
        self._waiting += 1
        try:
            while not (found := await run_in_threadpool(_has, model, product_id, least)):
                if time.monotonic() >= deadline:
                    break
                await asyncio.sleep(_STEP)
        finally:
            self._waiting -= 1
        return found


def _has(model: ReadModel, product_id: str, least: int | None) -> bool:
    try:
        return model.has(product_id, least)
    except ReadModelFilling:
        return False
