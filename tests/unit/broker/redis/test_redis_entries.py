"""A change goes through Redis as the worker encoded it; publishing needs no web framework."""

import subprocess
import sys
import time

import pytest

from app.broker.frames import change_frame, frame_of
from app.broker.redis.connection import BrokerUnavailable, keys_of
from app.broker.redis.entries import entry_of, fields_of, mark
from app.broker.redis.publisher import RedisPublisher
from app.core.errors import Unavailable
from tests.support.builders import a_cursor, an_event, an_item, arrivals
from tests.support.processes.process import free_port

EVENTS = {
    "a sale": an_event(),
    "one with large images": an_event(after=an_item(Text="x" * 20_000)),
    "one of another alphabet": an_event(product_id="棚-7\n", actor="Ünal", category=None),
    "an insert": an_event(kind="inserted", stock_before=None, before=None),
}


def stored(fields: dict) -> dict:
    return {name.encode(): value for name, value in fields.items()}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_a_web_process_makes_the_very_frame_that_the_worker_would_have(event) -> None:
    entry = entry_of(stored(fields_of(a_cursor(1), event, "Products")))
    assert entry is not None
    frame = frame_of(str(entry.cursor), entry.event_id, entry.topic, entry.document)
    assert frame == change_frame(str(a_cursor(1)), event, "Products")
    assert entry.occurred_ms == int(event.occurred_at.timestamp() * 1000)


def test_a_mark_is_no_change() -> None:
    assert entry_of(stored(mark())) is None


@pytest.mark.parametrize(
    "fields", [{}, {b"head": b"x", b"data": b"{}"}, {b"head": b"[1]", b"data": b""}]
)
def test_what_another_program_wrote_is_an_error(fields: dict) -> None:
    with pytest.raises((ValueError, KeyError)):
        entry_of(fields)


def test_deployments_have_names_of_their_own() -> None:
    keys = {keys_of("a-", "Products"), keys_of("b-", "Products"), keys_of("a-", "Other")}
    assert len({name for one in keys for name in (one.stream, one.hints)}) == 6


def test_a_redis_that_is_not_there_is_an_outage_to_try_again_and_no_secret_is_told() -> None:
    url = f"redis://app:s3cr3t@127.0.0.1:{free_port()}/0"
    publisher = RedisPublisher(url, "s", "Products")
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable) as error:
        publisher.publish(arrivals([1]))
    publisher.close()
    assert time.monotonic() - started < 2
    assert isinstance(error.value, Unavailable)
    assert "s3cr3t" not in str(error.value)
    assert error.value.__cause__ is None


def test_nothing_to_show_is_no_call() -> None:
    publisher = RedisPublisher("redis://127.0.0.1:1", "s", "Products")
    publisher.publish([])
    publisher.publish([(a_cursor(1), an_event(kind="internal"))])
    publisher.close()


def test_the_publisher_imports_no_web_framework() -> None:
    code = (
        "import sys, app.broker.redis.publisher, app.store.feed.shared_clock; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"fastapi", "starlette", "sse_starlette", "uvicorn", "pydantic"})
