"""A stream ends when its identity becomes invalid; an error in one check does not stop others."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.core.errors import StoreUnavailable
from app.store.access.key_cache import KeySnapshot
from app.web.auth.identity import LOCAL, Identity, still_valid
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
    ("identity", "known", "valid"),
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
def test_validity_of_an_identity(identity: Identity, known: KeySnapshot, valid: bool) -> None:  # noqa: FBT001 - a test case
    assert still_valid(identity, known, START) is valid


async def test_stream_ends_with_its_key_and_other_streams_continue() -> None:
    known = [CLOSED]

    async def known_keys() -> KeySnapshot:
        return known[0]

    watch = StreamRevocation(known_keys, Clock(), interval=0.01)
    other, _ = a_key()
    known[0] = KeySnapshot({KEY.id: KEY, other.id: other})
    others = Identity("eve", other.role, "key", other.id)
    async with (
        live() as broker,
        watch.running(),
        streaming(broker, revocable=partial(watch.end_when_invalid, BY_KEY)) as (connection, task),
        streaming(broker, revocable=partial(watch.end_when_invalid, others)) as (kept, kept_task),
    ):
        await connection.got(b"event: hello")
        await kept.got(b"event: hello")
        await asyncio.sleep(0.05)
        assert not task.done()
        known[0] = KeySnapshot({other.id: other})
        await ends(task)
        assert connection.complete, "the response was ended properly, so the client does not wait"
        assert not kept_task.done()
        assert broker.subscribers == 1


async def test_checks_continue_after_an_error() -> None:
    faults = [StoreUnavailable("unavailable"), RuntimeError("a fault")]
    ended = asyncio.Event()

    async def known_keys() -> KeySnapshot:
        if faults:
            raise faults.pop()
        return OPEN

    watch = StreamRevocation(known_keys, Clock(), interval=0.01)
    async with watch.running():
        with watch.end_when_invalid(BY_KEY, ended.set):
            async with asyncio.timeout(5):
                await ended.wait()


async def test_store_is_not_read_without_open_streams() -> None:
    async def known_keys() -> KeySnapshot:
        raise AssertionError("the store was read without open streams")

    watch = StreamRevocation(known_keys, Clock())
    with watch.end_when_invalid(BY_KEY, lambda: None):
        pass
    await watch.check()
