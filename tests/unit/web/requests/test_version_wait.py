"""A list request waits for a write for a short time, without a thread, and only a few do."""

import asyncio
import time
from typing import Any

import pytest

from app.readmodel.copy_state import ReadModelFilling
from app.web.requests.version_wait import VersionWaits

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Model:
    """A copy that has a write from a given look on; None: never."""

    def __init__(self, from_look: int | None) -> None:
        self._from = from_look
        self.asked: list[tuple[str, int | None]] = []

    def has(self, product_id: str, version: int | None) -> bool:
        self.asked.append((product_id, version))
        return self._from is not None and len(self.asked) >= self._from


async def seen(model: Any, text: str | None, wait: float = 5, most: int = 9) -> bool | None:
    return await VersionWaits(wait, most).seen(model, text)


async def test_without_a_write_nothing_is_asked() -> None:
    model = Model(1)
    assert await seen(model, None) is None
    assert model.asked == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [("P1:7", ("P1", 7)), ("a:b:12", ("a:b", 12)), ("P1:deleted", ("P1", None))],
)
async def test_write_is_a_product_and_its_version(text: str, asked: tuple[str, int | None]) -> None:
    model = Model(1)
    assert await seen(model, text) is True
    assert model.asked == [asked]


async def test_waits_until_the_copy_has_it() -> None:
    model = Model(4)
    assert await seen(model, "P1:1") is True
    assert len(model.asked) == 4


async def test_gives_up_after_its_time() -> None:
    began = time.monotonic()
    assert await seen(Model(None), "P1:1", wait=0.2) is False
    assert time.monotonic() - began >= 0.2


async def test_only_so_many_wait() -> None:
    waits, model = VersionWaits(30, 2), Model(None)
    tasks = [asyncio.create_task(waits.seen(model, "P1:1")) for _ in range(2)]  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    async with asyncio.timeout(10):
        assert await waits.seen(model, "P1:1") is False  # type: ignore[arg-type]
    tasks[0].cancel()
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(waits.seen(model, "P1:1")))  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    assert not tasks[2].done()
    for task in tasks:
        task.cancel()


async def test_copy_that_is_not_filled_has_nothing() -> None:
    class Filling:
        def has(self, *_: Any) -> bool:
            raise ReadModelFilling("still reading")

    assert await seen(Filling(), "P1:1", wait=0) is False
