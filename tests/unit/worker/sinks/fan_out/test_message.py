"""How an event becomes a message of bounded size, and messages become requests."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from app.core.events import cloud_event
from tests.support.builders import an_event, an_item
from worker.sinks.fan_out.message import (
    LIMIT,
    MOST,
    Form,
    Message,
    Mode,
    deduplication_id,
    group_of,
    request_of,
)

MODES: tuple[Mode, ...] = ("structured", "binary")
LARGE = an_item(Photo="x" * 300_000)
URL = "https://stock.shop.example/v1/events"


def data_of(message: Message, mode: Mode) -> Any:
    document = json.loads(message.text)
    return document["data"] if mode == "structured" else document


def test_structured_mode_has_the_whole_cloud_event_in_the_text() -> None:
    event = an_event()
    message = Form("Products").message(event)
    assert json.loads(message.text) == json.loads(json.dumps(cloud_event(event, "Products")))
    assert message.attributes == {"content-type": "application/cloudevents+json"}


def test_binary_mode_has_the_data_in_the_text_and_the_context_beside_it() -> None:
    event = an_event(product_id="Tée & 50 %", note="\x01")
    message = Form("Products", "binary").message(event)
    envelope = cloud_event(event, "Products")
    assert json.loads(message.text) == json.loads(json.dumps(envelope["data"]))
    assert message.attributes["content-type"] == "application/json"
    names = {name for name in envelope if name not in {"data", "datacontenttype"}}
    assert set(message.attributes) == {"content-type", *(f"ce-{name}" for name in names)}
    assert message.attributes["ce-subject"] == "T%C3%A9e%20&%2050%20%25"
    assert unquote(message.attributes["ce-subject"]) == event.product_id
    assert len(message.attributes) <= 10  # SQS takes no more


@pytest.mark.parametrize("mode", MODES)
def test_an_event_over_the_limit_goes_by_reference_and_is_marked(mode: Mode) -> None:
    event = an_event(before=LARGE, after=LARGE, note="two boxes")
    message = Form("Products", mode, URL).message(event)
    data = data_of(message, mode)
    assert message.by_reference
    assert message.size <= LIMIT
    assert (data["images_omitted"], data["before"], data["after"]) == (True, None, None)
    assert data["event_url"] == f"{URL}/{event.id}"
    assert (data["stock_after"], data["note"]) == (9, "two boxes")


@pytest.mark.parametrize("mode", MODES)
def test_an_event_that_is_large_without_its_images_keeps_what_names_it(mode: Mode) -> None:
    message = Form("Products", mode, URL).message(an_event(product_name="y" * 300_000))
    data = data_of(message, mode)
    assert message.size <= LIMIT
    assert data["product_id"] == "P1"
    assert data["kind"] == "stock_changed"
    assert data["images_omitted"] is True
    assert "product_name" not in data


def test_an_event_whose_images_are_not_kept_has_its_address_too() -> None:
    data = data_of(Form("Products").message(an_event(images_omitted=True)), "structured")
    assert data["event_url"].startswith("/v1/events/")


def test_no_text_has_a_character_that_sqs_refuses() -> None:
    text = "".join(map(chr, [0, 1, 8, 11, 31, 0xFFFE, 0xFFFF, 0xD800, 0x1F4A9]))
    message = Form("Products").message(an_event(note=text))
    allowed = {9, 10, 13, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000)}
    assert {ord(character) for character in message.text} <= allowed
    assert json.loads(message.text)["data"]["note"] == text


def messages(*products: str, size: int = 10) -> list[Message]:
    whole = Form("Products").message(an_event())
    return [
        whole._replace(id=str(number), product_id=product, size=size)
        for number, product in enumerate(products)
    ]


def test_a_request_has_ten_messages_and_one_of_each_product() -> None:
    assert [one.id for one in request_of(messages("a", "b", "a", "c", "b"))] == ["0", "1", "3"]
    assert len(request_of(messages(*map(str, range(30))))) == MOST
    assert request_of([]) == []


def test_a_request_is_within_the_limit_and_no_product_is_overtaken() -> None:
    first, second, third, fourth = messages("a", "b", "c", "b", size=LIMIT // 2)
    large = second._replace(size=LIMIT)
    chosen = request_of([first, large, third, fourth])
    assert [one.id for one in chosen] == ["0", "2"]  # not the later one of b
    assert request_of([large]) == [large]


@pytest.mark.parametrize("product_id", ["P 1", "Tée", "x" * 129, "\x01"])
def test_a_fifo_group_is_a_hash_where_the_product_id_cannot_be_one(product_id: str) -> None:
    assert group_of("P-1~2") == "P-1~2"
    group = group_of(product_id)
    assert group.startswith("sha256:")
    assert len(group) <= 128
    assert group != group_of(product_id + "x")


def test_a_deduplication_id_is_the_event_id_or_its_hash() -> None:
    short, long = an_event(), an_event(product_id="x" * 500)
    assert deduplication_id(short.id) == short.id
    assert len(deduplication_id(long.id)) == 64
