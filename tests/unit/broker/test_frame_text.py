"""A frame is text that every client can split into lines, whatever an item holds."""

import json

import pytest

from app.broker.frames import change_frame, data_of_frame
from tests.support.builders import an_event, an_item


@pytest.mark.parametrize(
    "text",
    [
        "\x85",
        "\u2028 \u2029",
        "\r\ndata: x\n\n",
        "\x1c\x0b\0",
        "\ud83d",
        "\ude00\ud83d",
        "\U0001f600",
    ],
)
def test_text_of_an_item_ends_no_line(text: str) -> None:
    item = an_item(ProductName=text, **{text: text})
    event = an_event(product_name=text, after=item, changed=(text,))
    frame = change_frame("c-1", event, "Products")
    lines = frame.data.decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", ""]
    data = json.loads(lines[2].removeprefix("data: "))["data"]
    assert data == data_of_frame(frame)
    assert data["after"][text] == text
    assert data["product_name"] == text
