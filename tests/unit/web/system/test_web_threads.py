"""Requests that wait for a thread are a problem; a busy server is not."""

import asyncio

import anyio
import anyio.to_thread
import pytest

from app.web.system.web_threads import PATIENCE, WebThreads

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_problem_while_all_threads_are_taken() -> None:
    clock = Clock()
    threads = WebThreads(clock)
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    async with limiter, threads.running():
        await anyio.wait_all_tasks_blocked()
        clock.now += PATIENCE - 0.1
        assert threads.problem() is None
        clock.now += 10
        assert threads.problem() == "all threads are busy, so requests have waited for 12 s"
    async with threads.running():
        await asyncio.sleep(0)
        assert threads.problem() is None
