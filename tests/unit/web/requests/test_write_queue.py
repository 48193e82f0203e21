"""Writes take turns: few at once, one of a subject, each caller in turn, and a bounded queue."""

import asyncio

import pytest

from app.web.errors import TooManyOfYourWrites, TooManyWrites
from app.web.requests.write_queue import WriteQueue

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Writes:
    """Writes that run until they are ended, by name."""

    def __init__(self, queue: WriteQueue) -> None:
        self._queue = queue
        self._ends: dict[str, asyncio.Event] = {}
        self.running: list[str] = []

    async def start(self, name: str, caller: str, subject: str | None) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(name, caller, subject))
        await settled()
        return task

    async def end(self, name: str, steps: int = 10) -> None:
        self._ends[name].set()
        await settled(steps)

    async def _run(self, name: str, caller: str, subject: str | None) -> None:
        self._ends[name] = asyncio.Event()
        async with self._queue.turn(caller, subject):
            self.running.append(name)
            await self._ends[name].wait()
            self.running.remove(name)


async def settled(steps: int = 10) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)


async def test_only_a_few_writes_run_at_once() -> None:
    writes = Writes(WriteQueue(running=2))
    for name in "abc":
        await writes.start(name, "ada", None)
    assert writes.running == ["a", "b"]
    await writes.end("a")
    assert writes.running == ["b", "c"]


async def test_writes_of_one_subject_run_one_by_one_in_order_beside_others() -> None:
    writes = Writes(WriteQueue())
    for name in "abc":
        await writes.start(name, "ada", "P1")
    await writes.start("other", "ada", "P2")
    assert writes.running == ["a", "other"]
    await writes.end("a")
    assert writes.running == ["other", "b"]


async def test_callers_take_turns() -> None:
    writes = Writes(WriteQueue())
    for name in ("ada 1", "ada 2", "ada 3"):
        await writes.start(name, "ada", "P1")
    await writes.start("bob 1", "bob", "P1")
    order = []
    for _ in range(4):
        order += writes.running
        await writes.end(writes.running[0])
    assert order == ["ada 1", "ada 2", "bob 1", "ada 3"]


async def test_caller_with_too_many_waiting_writes_is_refused_and_others_are_not() -> None:
    writes = Writes(WriteQueue(waiting=2))
    for name in "abc":
        await writes.start(name, "ada", "P1")
    refused = await writes.start("d", "ada", "P1")
    with pytest.raises(TooManyOfYourWrites) as error:
        await refused
    assert error.value.headers["Retry-After"] == "1"
    await writes.start("e", "bob", "P1")
    for name in "aeb":
        await writes.end(name)
    assert writes.running == ["c"]


async def test_write_that_waits_too_long_is_refused_and_frees_its_place() -> None:
    writes = Writes(WriteQueue(running=1, waiting=1, patience=0.01))
    await writes.start("a", "ada", None)
    for name in "bc":
        with pytest.raises(TooManyWrites):
            await (await writes.start(name, "ada", None))
    await writes.end("a")
    await writes.start("d", "ada", None)
    assert writes.running == ["d"]


async def test_cancelled_write_leaves_the_queue() -> None:
    writes = Writes(WriteQueue(running=1))
    await writes.start("a", "ada", "P1")
    cancelled = await writes.start("b", "ada", "P1")
    await writes.start("c", "ada", "P1")
    cancelled.cancel()
    await settled()
    await writes.end("a")
    assert writes.running == ["c"]


async def test_write_that_is_cancelled_as_its_turn_comes_passes_it_on() -> None:
    writes = Writes(WriteQueue(running=1))
    await writes.start("a", "ada", "P1")
    cancelled = await writes.start("b", "ada", "P1")
    await writes.start("c", "ada", "P1")
    await writes.end("a", steps=1)
    cancelled.cancel()
    await settled()
    assert writes.running == ["c"]


async def test_failed_write_ends_its_turn() -> None:
    queue = WriteQueue(running=1)
    with pytest.raises(ZeroDivisionError):
        async with queue.turn("ada", "P1"):
            raise ZeroDivisionError
    async with queue.turn("ada", "P1"):
        pass


async def test_wait_that_ends_as_a_write_leaves_takes_no_place() -> None:
    queue = WriteQueue(running=1)
    writes = Writes(queue)
    async with queue.turn("ada", "P1"):
        waiting = await writes.start("b", "ben", "P1")
        waiting.cancel()  # its task has not run yet when this block ends
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await writes.start("c", "cleo", "P1")
    assert writes.running == ["c"]
