"""The messages of the live stream match the AsyncAPI document."""

from typing import Any

import jsonschema_rs

from tests.support.http.sse import Listener
from tests.support.processes.running import App


def test_every_message_of_the_stream_matches_its_schema(app: App) -> None:
    document = app.http.get("/v1/asyncapi.json").json()
    assert document["asyncapi"] == "3.0.0"
    with Listener(app.url) as feed:
        app.create("P1", stock=3, price="1.10", tags=["a"])
        app.adjust("P1", -1)
        app.http.delete("/v1/products/P1", headers={"If-Match": "*"})
        feed.changes(3, 10)
        messages = list(feed.messages)
    assert {message.event for message in messages} >= {"hello", "change"}
    for message in messages:
        assert_valid(document, message.event, message.data)


def test_message_examples_match_their_schemas(app: App) -> None:
    document = app.http.get("/v1/asyncapi.json").json()
    for name, message in document["components"]["messages"].items():
        for example in message["examples"]:
            assert_valid(document, name, example["payload"])


def assert_valid(document: Any, name: str, payload: Any) -> None:
    schema = document["components"]["messages"][name]["payload"]
    jsonschema_rs.validate({**schema, "components": document["components"]}, payload)
