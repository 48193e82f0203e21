"""The hello message is first and has a cursor to resume from."""

import pytest

from app.broker import in_process
from tests.support.builders import a_cursor, an_event, arrivals
from tests.unit.broker.kit import MemoryFeed, connected, live
from tests.unit.broker.resume.coming_back import LONG_AGO, after
from tests.unit.broker.ring.rings import RacingRing

pytestmark = pytest.mark.anyio


class TestHello:
    async def test_hello_is_first_with_cursor_version_and_retry_hint(self) -> None:
        async with live() as broker, connected(broker) as client:
            await client.chunk()
            assert client.raw[0].startswith(b"retry: ")
            (hello,) = client.messages
            assert hello.event == "hello"
            assert hello.data["cursor"] == broker.head
            assert hello.data["server_version"] == "1.2.3"
            assert hello.id == broker.head

    async def test_hello_has_a_cursor_even_before_any_event(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            async with connected(broker) as client:
                hello = (await client.now()).last_id
            now = in_process.wall_ms()
            first = (a_cursor(0).__class__(now + 1, "0000abcd", 0), an_event(1))
            broker.publish(feed.add([first]))
            async with connected(broker, hello) as client:
                assert (await client.until(1)).changes == [1]

    async def test_hello_of_a_reconnecting_client_has_its_own_cursor(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([1, 2, 3]))
        async with live(feed) as broker:
            for cursor in (after(2), LONG_AGO):
                async with connected(broker, cursor) as client:
                    assert (await client.now()).messages[0].id == cursor

    async def test_hello_says_with_which_event_a_client_has_caught_up(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([1, 2, 3]))
        async with live(feed) as broker:
            for cursor, missed in ((None, []), (after(3), []), (after(1), [2, 3])):
                async with connected(broker, cursor) as client:
                    await (client.until(len(missed)) if missed else client.now())
                    assert client.messages[0].data["head"] == after(3) == client.last_id
                    assert client.changes == missed

    async def test_retry_hints_are_jittered(self) -> None:
        async with live() as broker:
            hints = set()
            for _ in range(8):
                async with connected(broker) as client:
                    hints.add((await client.now()).raw[0].partition(b"\n")[0])
        assert len(hints) > 1

    @pytest.mark.parametrize("cursor", [None, after(1)], ids=["now", "ring"])
    async def test_events_published_during_a_subscribe_come_after_the_hello_cursor(
        self, monkeypatch: pytest.MonkeyPatch, cursor: str | None
    ) -> None:
        """Another thread publishes just before the n-th access to the ring."""
        monkeypatch.setattr(in_process, "Ring", RacingRing)
        for access in range(1, 16):
            async with live() as broker:
                broker.publish(arrivals([1, 2]))
                ring = RacingRing.newest
                ring.before_access(access, lambda broker=broker: broker.publish(arrivals([3])))
                async with connected(broker, cursor) as client:
                    ring.before_access(0, lambda: None)
                    broker.publish(arrivals([4]))
                    await client.now()
                async with connected(broker, client.messages[0].id) as again:
                    await again.now()
                assert again.changes == client.changes, f"published before access {access}"
