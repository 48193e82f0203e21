"""A body that is too large, incomplete or of the wrong type, and malformed HTTP, are rejected."""

import time

import pytest

from tests.integration.bad_input.attacks import (
    ANY,
    JSON,
    PRODUCTS,
    Attack,
    Target,
    assert_problem,
    assert_refused,
    shown,
)
from tests.support.http.raw_http import chunked, connect, request, send

LIMIT = 1024 * 1024


SENT_WRONGLY = [
    *(
        Attack(
            f"{method} {shown(content)}",
            request(method, target, *filter(None, [content]), ANY, body=b"{}"),
            415,
            "unsupported-media-type",
            wanted,
            {"accept-patch": wanted} if method == "PATCH" else {},
        )
        for method, target, wanted in (
            ("POST", PRODUCTS, "application/json"),
            ("PUT", f"{PRODUCTS}/P1", "application/json"),
            ("POST", f"{PRODUCTS}/P1/adjustments", "application/json"),
            ("PATCH", f"{PRODUCTS}/P1", "application/merge-patch+json"),
        )
        for content in (
            *(b"", b"Content-Type: text/plain", b"Content-Type: application/x-www-form-urlencoded"),
            *(b"Content-Type: application/problem+json", b"Content-Type: \xff", b"Content-Type: ;"),
        )
    ),
    Attack(
        "patch as plain JSON",
        request("PATCH", f"{PRODUCTS}/P1", JSON, ANY, body=b"{}"),
        415,
        "unsupported-media-type",
        headers={"accept-patch": "application/merge-patch+json"},
    ),
    Attack(
        "Content-Length over the limit",
        request("POST", PRODUCTS, JSON, b"Content-Length: %d" % (LIMIT + 1)),
        413,
        "body-too-large",
        str(LIMIT),
    ),
    Attack(
        "Content-Length over the limit, with Expect: 100-continue",
        request(
            "POST", PRODUCTS, JSON, b"Expect: 100-continue", b"Content-Length: %d" % (LIMIT + 1)
        ),
        413,
        "body-too-large",
        str(LIMIT),
    ),
    Attack(
        "chunks over the limit",
        chunked("POST", PRODUCTS, JSON, chunks=[b" " * 65536] * 17),
        413,
        "body-too-large",
        str(LIMIT),
    ),
]


# The server rejects malformed HTTP before it reaches the application.
NOT_HTTP = {
    "an unknown method": request("BREW", PRODUCTS, JSON, body=b"{}"),
    "a path of raw bytes": request("GET", PRODUCTS.encode() + b"/\xc3\xa9"),
    "a length that is not a number": request("POST", PRODUCTS, JSON, b"Content-Length: abc"),
    "a negative length": request("POST", PRODUCTS, JSON, b"Content-Length: -1"),
    "an enormous length": request("POST", PRODUCTS, JSON, b"Content-Length: " + b"9" * 40),
    "two lengths": request("POST", PRODUCTS, JSON, b"Content-Length: 3", body=b"{}"),
    "a length and chunks": chunked("POST", PRODUCTS, JSON, b"Content-Length: 3", chunks=[b"{}"]),
    "an unknown encoding": request("POST", PRODUCTS, JSON, b"Transfer-Encoding: identity"),
    "a header with a control character": request("GET", PRODUCTS, b"X-Odd: a\x0bb"),
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
}


@pytest.mark.parametrize("data", NOT_HTTP.values(), ids=NOT_HTTP)
def test_malformed_http_is_rejected_and_writes_nothing(target: Target, data: bytes) -> None:
    answer = send(target.app.url, data)
    assert answer.status == 400
    assert_problem(answer, Attack("", data, 400, "malformed-request"))
    assert target.app.http.get("/healthz").status_code == 200
    target.assert_untouched()


@pytest.mark.parametrize("has_length", [True, False], ids=["content-length", "chunked"])
def test_request_with_an_incomplete_body_is_not_handled(
    target: Target, *, has_length: bool
) -> None:
    body = b'{"product_id":"half","name":"n","stock":1}'
    if has_length:
        data = request("POST", PRODUCTS, JSON, b"Content-Length: 100") + body
    else:
        data = chunked("POST", PRODUCTS, JSON, chunks=[body])
    with connect(target.app.url) as connection:
        connection.sendall(data)
        time.sleep(0.1)  # the server reads it before the connection closes
    time.sleep(0.2)
    target.assert_untouched()


@pytest.mark.parametrize("attack", SENT_WRONGLY, ids=lambda attack: attack.name)
def test_attack_is_rejected_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    assert_refused(target, attack)
