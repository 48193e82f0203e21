"""A log line is self-contained: one JSON object with its context, without credentials."""

import json
import logging
import sys
from typing import Any

import anyio
import anyio.to_thread
import pytest

from app.observability.logs import JsonFormatter, TextFormatter, about, masked


def record(message: str, *arguments: object, **extra: Any) -> logging.LogRecord:
    error = sys.exc_info() if sys.exc_info()[0] else None
    return logging.getLogger("test").makeRecord(
        "test", logging.WARNING, "file", 1, message, arguments, error, extra=extra
    )


def as_json(*arguments: Any, **extra: Any) -> dict[str, Any]:
    line = JsonFormatter().format(record(*arguments, **extra))
    assert "\n" not in line
    document: dict[str, Any] = json.loads(line)
    return document


def test_json_line_is_an_object_with_its_extra_fields() -> None:
    line = as_json("%s took %d ms", "it", 3, status=200)
    assert (line["level"], line["logger"], line["message"]) == ("warning", "test", "it took 3 ms")
    assert line["status"] == 200
    assert line["time"].endswith("+00:00")
    assert "exception" not in line


def test_exception_is_part_of_its_json_line() -> None:
    try:
        int("two\nlines")
    except ValueError:
        line = as_json("failed")
    assert "ValueError: invalid literal" in line["exception"]


def test_invalid_unicode_does_not_lose_the_line() -> None:
    assert as_json("id %s", "\ud800")["message"] == "id \ud800"
    assert as_json("id", value=object)["value"] == str(object)


def test_lines_have_the_fields_bound_around_them() -> None:
    with about(shard="s1"):
        with about(event_ids=["e1", "e2"]):
            inner = as_json("x")
        outer = as_json("x")
    assert (inner["shard"], inner["event_ids"]) == ("s1", ["e1", "e2"])
    assert ("event_ids" in outer, "shard" in as_json("x")) == (False, False)


def test_threads_of_a_request_log_its_id() -> None:
    async def served() -> Any:
        with about(request_id="r1"):
            return (await anyio.to_thread.run_sync(as_json, "x"))["request_id"]

    assert anyio.run(served) == "r1"


def test_text_line_has_short_fields_after_the_message() -> None:
    with about(request_id="r1", event_ids=["e1", "e2", "e3"]):
        line = TextFormatter().format(record("it failed"))
    assert line.endswith("WARNING test: it failed [request_id=r1 event_ids=e1 and 2 more]")
    assert TextFormatter().format(record("it failed")).endswith("it failed")


def fail(text: str) -> None:
    raise ValueError(text)


def test_control_characters_cannot_start_a_line_or_reach_the_terminal() -> None:
    text = "P1\r\n2026-01-01 CRITICAL app: forged \x1b[2J\x9b\u2028"
    with about(product_id=text):
        try:
            fail(text)
        except ValueError:
            lines = TextFormatter().format(record("id %s", text)).splitlines()
    assert r"P1\r\n2026-01-01 CRITICAL app: forged \x1b[2J\x9b\u2028 [product_id=P1\r\n" in lines[0]
    assert all(line.startswith("  ") and line.isprintable() for line in lines[1:])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cannot reach redis://user:pa55@cache:6379/0", "cannot reach redis://***@cache:6379/0"),
        ("cannot reach redis://:p@ss@cache", "cannot reach redis://***@cache"),
        ("{'Authorization': 'Bearer abc.def-123'}", "{'Authorization': 'Bearer ***'}"),
        ("basic facts, bearer of news", "basic facts, bearer of news"),
        ("mail ada@example.com at http://example.com/a@b", None),
    ],
)
def test_credentials_are_masked(text: str, line: str | None) -> None:
    assert masked(text) == (line or text)
    assert as_json("%s", text)["message"] == (line or text)
    assert (line or text) in TextFormatter().format(record("%s", text))
