"""A change passes through Redis as the worker encoded it."""

import time

import pytest

from app.broker.frames import change_frame, frame_of
from app.broker.redis.connection import BrokerUnavailable, keys_of
from app.broker.redis.entries import entry_of, fields_of, mark
from app.broker.redis.publisher import RedisPublisher
from app.core.errors import ServiceUnavailable
from tests.support.builders import a_cursor, an_event, an_item, arrivals
from tests.support.processes.process import free_port

EVENTS = {
    "a sale": an_event(),
    "large images": an_event(after=an_item(Text="x" * 20_000)),
    "non-ASCII text": an_event(product_id="棚-7\n", actor="Ünal", category=None),
    "half an emoji": an_event(product_name="mug \ud83d", category="\ud83d", reason="\ude00"),
    "a change made outside": an_event(actor=None),
    "an insert": an_event(kind="inserted", stock_before=None, before=None),
}


def stored(fields: dict) -> dict:
    return {name.encode(): value for name, value in fields.items()}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_web_process_builds_the_same_frame_as_the_worker(event) -> None:
    entry = entry_of(stored(fields_of(a_cursor(1), event, "Products")))
    assert entry is not None
    frame = frame_of(str(entry.cursor), entry.event_id, entry.topic, entry.document)
    assert frame == change_frame(str(a_cursor(1)), event, "Products")
    assert entry.occurred_ms == int(event.occurred_at.timestamp() * 1000)


def test_mark_is_not_a_change() -> None:
    assert entry_of(stored(mark())) is None


@pytest.mark.parametrize(
    "fields", [{}, {b"head": b"x", b"data": b"{}"}, {b"head": b"[1]", b"data": b""}]
)
def test_entry_of_another_program_is_an_error(fields: dict) -> None:
    with pytest.raises((ValueError, KeyError)):
        entry_of(fields)


def test_deployments_have_distinct_key_names() -> None:
    keys = {keys_of("a-", "Products"), keys_of("b-", "Products"), keys_of("a-", "Other")}
    assert len({name for one in keys for name in (one.stream, one.hints)}) == 6


def test_missing_redis_raises_unavailable_without_the_password() -> None:
    url = f"redis://app:s3cr3t@127.0.0.1:{free_port()}/0"
    publisher = RedisPublisher(url, "s", "Products")
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable) as error:
        publisher.publish(arrivals([1]))
    publisher.close()
    assert time.monotonic() - started < 2
    assert isinstance(error.value, ServiceUnavailable)
    assert "s3cr3t" not in str(error.value)
    assert error.value.__cause__ is None


def test_publishing_nothing_makes_no_call() -> None:
    publisher = RedisPublisher("redis://127.0.0.1:1", "s", "Products")
    publisher.publish([])
    publisher.publish([(a_cursor(1), an_event(kind="internal"))])
    publisher.close()
