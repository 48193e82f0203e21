"""The hello comes first, with a cursor to come back with."""

import pytest

from app.broker import in_process
from tests.support.builders import a_cursor, an_event, arrivals
from tests.unit.broker.kit import MemoryFeed, connected, live
from tests.unit.broker.resume.coming_back import LONG_AGO, after
from tests.unit.broker.ring.rings import RacingRing

pytestmark = pytest.mark.anyio


class TestHello:
    async def test_it_comes_first_with_cursor_version_and_a_retry_hint(self) -> None:
        async with live() as broker, connected(broker) as client:
            await client.chunk()
            assert client.raw[0].startswith(b"retry: ")
            (hello,) = client.messages
            assert hello.event == "hello"
            assert hello.data["cursor"] == broker.head
            assert hello.data["server_version"] == "1.2.3"
            assert hello.id == broker.head

    async def test_before_any_event_it_still_has_an_id_to_come_back_with(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            async with connected(broker) as client:
                hello = (await client.now()).last_id
            now = in_process.wall_ms()
            first = (a_cursor(0).__class__(now + 1, "0000abcd", 0), an_event(1))
            broker.publish(feed.add([first]))
            async with connected(broker, hello) as client:
                assert (await client.until(1)).changes == [1]

    async def test_one_that_comes_back_is_told_its_own_cursor(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([1, 2, 3]))
        async with live(feed) as broker:
            for cursor in (after(2), LONG_AGO):
                async with connected(broker, cursor) as client:
                    assert (await client.now()).messages[0].id == cursor

    async def test_retry_hints_are_jittered(self) -> None:
        async with live() as broker:
            hints = set()
            for _ in range(8):
                async with connected(broker) as client:
                    hints.add((await client.now()).raw[0].partition(b"\n")[0])
        assert len(hints) > 1

    @pytest.mark.parametrize("cursor", [None, after(1)], ids=["now", "ring"])
    async def test_what_is_published_while_someone_subscribes_comes_after_the_hello_s_id(
        self, monkeypatch: pytest.MonkeyPatch, cursor: str | None
    ) -> None:
        """Another thread publishes just before the n-th look at the ring."""
        monkeypatch.setattr(in_process, "Ring", RacingRing)
        for look in range(1, 16):
            async with live() as broker:
                broker.publish(arrivals([1, 2]))
                ring = RacingRing.newest
                ring.before_look(look, lambda broker=broker: broker.publish(arrivals([3])))
                async with connected(broker, cursor) as client:
                    ring.before_look(0, lambda: None)
                    broker.publish(arrivals([4]))
                    await client.now()
                async with connected(broker, client.messages[0].id) as again:
                    await again.now()
                assert again.changes == client.changes, f"published before look {look}"
