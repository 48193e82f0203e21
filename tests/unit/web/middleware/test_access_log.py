"""Each request has one line in the access log, with its id and without private data."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.observability.logs import TextFormatter
from app.web.middleware.request_guard import SECURITY_HEADERS
from app.web.statics import static_path
from tests.support.open_site import OpenSite


class Lines(logging.Handler):
    """The log lines, formatted at once: bound fields such as the request id are added there."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(TextFormatter())
        self.records: list[Any] = []
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.texts.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, logger = Lines(), logging.getLogger("app")
    logger.addHandler(handler)
    level, logger.level = logger.level, logging.INFO
    logging.getLogger("app.access").setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.level = level
    logging.getLogger("app.access").setLevel(logging.NOTSET)


def get(path: str, get_product: Any = None, method: str = "GET", **headers: str) -> httpx.Response:
    store = SimpleNamespace(products=SimpleNamespace(get=get_product))
    return OpenSite(store=store, broker=SimpleNamespace(head="")).send(method, path, headers)


def test_log_line_has_route_and_status_but_no_request_data(lines: Lines) -> None:
    answer = get("/v1/events/secret-id?token=secret", Cookie="session=secret-token")
    (record,), (text,) = lines.records, lines.texts
    assert (record.method, record.route, record.status) == ("GET", "/v1/events/{event_id}", 422)
    assert record.duration_ms >= 0
    assert record.actor == "local"
    assert text.endswith(f"[request_id={answer.headers['X-Request-Id']}]")
    assert "secret" not in text + repr(vars(record))


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        (f"{static_path()}/css/base.css", "/static", 200),
        (f"{static_path()}/css/none.css", "/static", 404),
        ("/nowhere/secret", "(none)", 404),
        ("/healthz", "/healthz", 200),
    ],
)
def test_every_request_has_a_log_line(lines: Lines, path: str, route: str, status: int) -> None:
    get(path)
    assert [(record.route, record.status) for record in lines.records] == [(route, status)]


def test_head_request_is_logged_as_head(lines: Lines) -> None:
    get("/healthz", method="HEAD")
    assert [(record.method, record.route) for record in lines.records] == [("HEAD", "/healthz")]


def test_rejected_request_has_an_id_and_a_log_line(lines: Lines) -> None:
    answer = get("/healthz", Host="evil.example")
    assert [record.status for record in lines.records] == [421]
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"]
    assert answer.headers["X-Request-Id"] in lines.texts[0]


def test_log_lines_of_a_route_and_its_error_have_the_request_id(
    lines: Lines,
) -> None:
    def fail(_product_id: str) -> None:
        logging.getLogger("app.products").warning("on the way")
        raise KeyError("oops")

    answer = get("/v1/products/P1", get_product=fail)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "oops" not in answer.text
    assert all(answer.headers[name] == value for name, value in SECURITY_HEADERS.items())
    bound = f"[request_id={answer.headers['X-Request-Id']}]"
    assert [record.name for record in lines.records] == [
        "app.products",
        "app.access",
        "app.web.problems",
    ]
    assert all(bound in text for text in lines.texts)
    assert lines.records[1].status == 500
    assert "KeyError: 'oops'" in lines.texts[2]
