"""A stream ends when whoever reads may no longer; a fault of one look is mended by the next."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.core.errors import StoreUnavailable
from app.store.access.key_cache import KeySnapshot
from app.web.auth.identity import LOCAL, Identity, holds
from app.web.auth.stream_revocation import StreamRevocation
from tests.support.site import START, Clock, a_key
from tests.unit.broker.kit import live
from tests.unit.web.api.test_event_stream import ends, streaming

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


KEY, _ = a_key()
OPEN, CLOSED = KeySnapshot({}), KeySnapshot({KEY.id: KEY})
BY_KEY = Identity("ada", KEY.role, "key", KEY.id)
BY_SESSION = replace(BY_KEY, by="session", session="s1", until=START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("identity", "known", "held"),
    [
        (LOCAL, OPEN, True),
        (LOCAL, CLOSED, False),
        (BY_KEY, CLOSED, True),
        (BY_KEY, OPEN, False),
        (BY_KEY, KeySnapshot({KEY.id: replace(KEY, revoked_at=START)}), False),
        (BY_KEY, KeySnapshot({KEY.id: replace(KEY, expires_at=START)}), False),
        (BY_SESSION, CLOSED, True),
        (BY_SESSION, KeySnapshot({KEY.id: KEY}, frozenset({"s1"})), False),
        (BY_SESSION, KeySnapshot({KEY.id: KEY}, frozenset({"s2"})), True),
        (replace(BY_SESSION, until=START), CLOSED, False),
        (Identity("ada", KEY.role, "proxy"), OPEN, True),
    ],
)
def test_when_an_identity_holds(identity: Identity, known: KeySnapshot, held: bool) -> None:  # noqa: FBT001 - a case
    assert holds(identity, known, START) is held


async def test_a_stream_ends_with_its_key_and_another_s_goes_on() -> None:
    known = [CLOSED]

    async def look() -> KeySnapshot:
        return known[0]

    watch = StreamRevocation(look, Clock(), look=0.01)
    other, _ = a_key()
    known[0] = KeySnapshot({KEY.id: KEY, other.id: other})
    others = Identity("eve", other.role, "key", other.id)
    async with (
        live() as broker,
        watch.running(),
        streaming(broker, watched=partial(watch.over, BY_KEY)) as (connection, task),
        streaming(broker, watched=partial(watch.over, others)) as (kept, goes_on),
    ):
        await connection.got(b"event: hello")
        await kept.got(b"event: hello")
        await asyncio.sleep(0.05)
        assert not task.done()
        known[0] = KeySnapshot({other.id: other})
        await ends(task)
        assert connection.complete, "ended as it should be, so that the client does not wait"
        assert not goes_on.done()
        assert broker.subscribers == 1


async def test_a_look_that_fails_is_not_the_last() -> None:
    faults = [StoreUnavailable("away"), RuntimeError("a fault")]
    ended = asyncio.Event()

    async def look() -> KeySnapshot:
        if faults:
            raise faults.pop()
        return OPEN

    watch = StreamRevocation(look, Clock(), look=0.01)
    async with watch.running():
        with watch.over(BY_KEY, ended.set):
            async with asyncio.timeout(5):
                await ended.wait()


async def test_without_streams_the_store_is_not_asked() -> None:
    async def look() -> KeySnapshot:
        raise AssertionError("asked for nothing")

    watch = StreamRevocation(look, Clock())
    with watch.over(BY_KEY, lambda: None):
        pass
    await watch.look()
