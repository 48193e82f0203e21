"""A forged header or a condition that does not hold is rejected; nothing is written."""

import pytest

from tests.integration.bad_input.attacks import (
    ANY,
    JSON,
    MERGE_PATCH,
    PRODUCTS,
    Attack,
    Target,
    assert_problem,
    assert_refused,
    get,
    shown,
)
from tests.support.http.raw_http import request, send
from tests.support.processes.running import App

CONDITIONS = [
    *(
        Attack(
            f"{method} if {shown(tag)}",
            request(method, f"{PRODUCTS}/P1", content, b"If-Match: " + tag, body=body),
            412,
            "etag-mismatch",
        )
        for method, content, body in (
            ("PUT", JSON, b'{"name":"z","stock":9}'),
            ("PATCH", MERGE_PATCH, b'{"name":"z"}'),
            ("PATCH", MERGE_PATCH, b'{"stock":9}'),
            ("DELETE", JSON, None),
        )
        for tag in (b"garbage", b'""', b'"0.0"', b'W/"*"', b",", b"\xff", b'"x",' * 3000)
    ),
    *(
        Attack(
            f"{method} without a condition",
            request(method, f"{PRODUCTS}/P1", content, *headers, body=body),
            428,
            "precondition-required",
            "If-Match",
        )
        for method, content, body, headers in (
            ("PUT", JSON, b'{"name":"z","stock":9}', ()),
            ("PUT", JSON, b'{"name":"z","stock":9}', (b'If-None-Match: "x"',)),
            ("PATCH", MERGE_PATCH, b'{"name":"z"}', (b"If-Match:",)),
            ("DELETE", JSON, None, ()),
        )
    ),
]


FORGED = [
    *(
        get(PRODUCTS, 421, "host-not-allowed", named, host=host)
        for host, named in (
            (b"evil.example", "evil.example"),
            (b"evil.example:8000", "evil.example"),
            (b"127.0.0.1.", "127.0.0.1."),
            (b"127.1", "127.1"),
            *((host, "Host") for host in (b"", b"[::1", b"localhost/x", b"localhost#x", b"\xff")),
            *(
                (host, "Host")
                for host in (b"x@localhost", b"localhost:x", b"localhost@evil.example")
            ),
        )
    ),
    get(PRODUCTS, 421, "host-not-allowed", "one Host", b"Host: evil.example"),
    Attack("no host", b"GET /v1/products HTTP/1.0\r\n\r\n", 421, "host-not-allowed", "Host"),
    *(
        Attack(
            f"{method} with {shown(header)}",
            request(method, target, header, JSON, ANY, body=body),
            403,
            "cross-origin",
            "origin",
        )
        for method, target, body in (
            ("POST", PRODUCTS, b'{"product_id":"new","name":"n","stock":1}'),
            ("POST", f"{PRODUCTS}/P1/adjustments", b'{"delta":1,"reason":"sold"}'),
            ("DELETE", f"{PRODUCTS}/P1", None),
        )
        for header in (
            *(b"Origin: http://evil.example", b"Origin: null", b"Origin: http://[", b"Origin: x"),
            *(b"Origin:", b"Origin: http://localhost@evil.example", b"Origin: http://localhost:9"),
            *(b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Site: same-site", b"Sec-Fetch-Site: ?"),
        )
    ),
]


def test_stale_etag_is_rejected_with_the_current_etag(app: App) -> None:
    stale = app.create("P1", 5).headers["ETag"].encode()
    app.adjust("P1", -1)
    current = app.http.get("/v1/products/P1").headers["ETag"]
    for method, content, body in (
        ("PUT", JSON, b'{"name":"z","stock":9}'),
        ("PATCH", MERGE_PATCH, b'{"stock":9}'),
        ("DELETE", JSON, None),
    ):
        sent = request(method, f"{PRODUCTS}/P1", content, b"If-Match: " + stale, body=body)
        answer = send(app.url, sent)
        assert_problem(answer, Attack(method, sent, 412, "etag-mismatch"))
        assert answer.headers["etag"] == answer.json()["etag"] == current
    assert app.http.get("/v1/products/P1").json()["stock"] == 4


def test_client_input_cannot_inject_headers(app: App) -> None:
    app.create("P1")
    app.create("P2")
    listed = send(app.url, request("GET", f"{PRODUCTS}?limit=%0d%0aSet-Cookie:%20a=b&limit=1"))
    assert listed.status == 200
    assert 'rel="next"' in listed.headers["link"]
    spoofed = send(app.url, request("GET", "/healthz", b"X-Request-Id: mine"))
    assert spoofed.headers["x-request-id"] != "mine"
    for answer in (listed, spoofed):
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("attack", CONDITIONS + FORGED, ids=lambda attack: attack.name)
def test_attack_is_rejected_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    assert_refused(target, attack)
