"""What comes too large, as the wrong type, broken off or as no HTTP at all is refused."""

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
        "an announced body over the limit",
        request("POST", PRODUCTS, JSON, b"Content-Length: %d" % (LIMIT + 1)),
        413,
        "body-too-large",
        str(LIMIT),
    ),
    Attack(
        "an announced body over the limit, asked for leave first",
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


# What is not HTTP is refused before it reaches the application.
NOT_HTTP = {
    "an unknown method": request("BREW", PRODUCTS, JSON, body=b"{}"),
    "a path of raw bytes": request("GET", PRODUCTS.encode() + b"/\xc3\xa9"),
    "a length that is no number": request("POST", PRODUCTS, JSON, b"Content-Length: abc"),
    "a negative length": request("POST", PRODUCTS, JSON, b"Content-Length: -1"),
    "a length beyond all bounds": request("POST", PRODUCTS, JSON, b"Content-Length: " + b"9" * 40),
    "two lengths": request("POST", PRODUCTS, JSON, b"Content-Length: 3", body=b"{}"),
    "a length and chunks": chunked("POST", PRODUCTS, JSON, b"Content-Length: 3", chunks=[b"{}"]),
    "an unknown encoding": request("POST", PRODUCTS, JSON, b"Transfer-Encoding: identity"),
    "a header with a control character": request("GET", PRODUCTS, b"X-Odd: a\x0bb"),
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
}


@pytest.mark.parametrize("data", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_http_is_refused_and_writes_nothing(target: Target, data: bytes) -> None:
    answer = send(target.app.url, data)
    assert answer.status == 400
    assert_problem(answer, Attack("", data, 400, "malformed-request"))
    assert target.app.http.get("/healthz").status_code == 200
    target.assert_untouched()


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_body_that_breaks_off_is_no_request(target: Target, *, announced: bool) -> None:
    body = b'{"product_id":"half","name":"n","stock":1}'
    if announced:
        data = request("POST", PRODUCTS, JSON, b"Content-Length: 100") + body
    else:
        data = chunked("POST", PRODUCTS, JSON, chunks=[body])
    with connect(target.app.url) as connection:
        connection.sendall(data)
        time.sleep(0.1)  # let it be read before the end comes
    time.sleep(0.2)
    target.assert_untouched()


@pytest.mark.parametrize("attack", SENT_WRONGLY, ids=lambda attack: attack.name)
def test_an_attack_is_refused_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    assert_refused(target, attack)
