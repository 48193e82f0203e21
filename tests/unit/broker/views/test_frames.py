"""A frame is one server-sent event on one line, without images that are too large."""

import orjson
import pytest

from app.broker.event_json import IMAGES_LIMIT
from app.broker.filters import topic_of
from app.broker.frames import change_frame, retry_hint, signal
from app.core.events import cloud_event
from tests.support.builders import a_cursor, an_event, an_item
from tests.unit.broker.kit import messages

CURSOR = str(a_cursor(1))


def test_change_frame_has_the_cloud_event_and_its_cursor() -> None:
    event = an_event(1)
    frame = change_frame(CURSOR, event, "Products")
    (message,) = messages(frame.data)
    assert (message.id, message.event) == (CURSOR, "change")
    assert message.data == orjson.loads(orjson.dumps(cloud_event(event, "Products")))
    assert (frame.cursor, frame.event_id, frame.topic) == (CURSOR, event.id, topic_of(event))


@pytest.mark.parametrize("text", ["a\nb", "a\r\n\r\nb", "\x00\x1f", "\u2028\u2029", "data: x"])
def test_no_text_can_break_out_of_its_line(text: str) -> None:
    event = an_event(product_name=text, note=text, after=an_item(Text=text))
    data = change_frame(CURSOR, event, "Products").data
    assert b"\r" not in data
    assert data.count(b"\n") == 4
    (message,) = messages(data)
    assert message.data["data"]["note"] == text
    assert message.data["data"]["after"]["Text"] == text


def test_images_of_up_to_16_kb_are_in_the_frame() -> None:
    event = an_event(before=an_item(Text="x" * 7_900), after=an_item(Text="y" * 7_900))
    (message,) = messages(change_frame(CURSOR, event, "Products").data)
    assert message.data["data"]["after"]["Text"] == "y" * 7_900
    assert message.data["data"]["images_omitted"] is False


def test_larger_images_are_left_out_and_other_fields_stay() -> None:
    event = an_event(after=an_item(Text="x" * IMAGES_LIMIT, Category="Kitchen"))
    frame = change_frame(CURSOR, event, "Products")
    (message,) = messages(frame.data)
    data = message.data["data"]
    assert (data["before"], data["after"], data["images_omitted"]) == (None, None, True)
    assert (data["stock_before"], data["stock_after"], data["category"]) == (12, 9, "Kitchen")
    assert len(frame.data) < IMAGES_LIMIT
    assert frame.topic == topic_of(event)


def test_small_images_are_kept_next_to_long_text() -> None:
    event = an_event(note="n" * IMAGES_LIMIT)
    (message,) = messages(change_frame(CURSOR, event, "Products").data)
    assert message.data["data"]["after"] is not None


def test_signal_has_the_cursor_to_resume_from() -> None:
    (message,) = messages(signal("hello", CURSOR, {"cursor": CURSOR}))
    assert (message.id, message.event, message.data) == (CURSOR, "hello", {"cursor": CURSOR})


def test_retry_hint_is_a_separate_field() -> None:
    assert retry_hint(1500) == b"retry: 1500\n\n"
