"""An unknown path, or an invalid id or parameter in a URL, is rejected; nothing is written."""

from urllib.parse import quote

import pytest

from tests.integration.bad_input.attacks import (
    ANY,
    JSON,
    PRODUCTS,
    Attack,
    Target,
    assert_refused,
    event_id,
    get,
    shown,
)
from tests.support.http.raw_http import request
from tests.support.processes.running import App

STREAM = b"Accept: text/event-stream"


def put_at(path_id: str) -> Attack:
    """A PUT that creates a product with this id in the path."""
    sent = request(
        "PUT",
        f"{PRODUCTS}/{path_id}",
        JSON,
        b"If-None-Match: *",
        body=b'{"name":"n","stock":1}',
    )
    return Attack(f"put at {shown(path_id)}", sent, 422, "invalid-request", "path:product_id")


IDS = [
    *(put_at(path_id) for path_id in ("..%2f", "%2e%2e", "..", ".", "a%2f..%2fb", "%20", "%20a")),
    *(put_at(path_id) for path_id in ("%00", "%0d%0aX-Evil:1", "%ff", "%ed%a0%80", "%E2%80%AEa")),
    *(put_at(path_id) for path_id in ("a" * 201, "a" * 4096, "%C2%A0", "%E2%80%8B")),
    *(
        get(f"{PRODUCTS}/{path_id}", 404, "product-not-found")
        for path_id in (
            "..%2f",
            ".",
            "%2e%2e",
            "%00",
            "%",
            "%zz",
            "%E2%80%AEx",
            "%20",
            "a" * 2049,
            "a" * 6145,
        )
    ),
    *(
        get(f"{PRODUCTS}/{path_id}", 422, "invalid-request", "path:product_id")
        for path_id in ("%ff", "%ed%a0%80", "a" * 6146, "a" * 8000)
    ),
    *(
        get(f"/v1/events/{identifier}", 404, "event-not-found")
        for identifier in (
            *(
                "x",
                "%ff",
                "%",
                "%00",
                "%C3%A9",
                "=" * 8,
                "A" * 8000,
                event_id("P1"),
                event_id("\0"),
            ),
            *(
                event_id("x" * 2049),
                event_id("x" * 5000),
                event_id("P1", "L#1"),
                event_id("P1", ""),
            ),
        )
    ),
    Attack(
        "put: an id that is not the path's",
        request(
            "PUT", f"{PRODUCTS}/P9", JSON, ANY, body=b'{"product_id":"x","name":"n","stock":1}'
        ),
        422,
        "invalid-request",
        "/product_id",
    ),
]


PARAMETERS = [
    *(
        get(f"{place}?limit={limit}", 422, "invalid-request", "?limit")
        for place in (PRODUCTS, "/v1/events", f"{PRODUCTS}/P1/events")
        for limit in ("0", "-1", "201", "abc", "", "1.5", "9" * 5000)
    ),
    *(
        get(f"{place}?cursor={cursor}", 400, "invalid-cursor", "?cursor")
        for place in (PRODUCTS, f"{PRODUCTS}/P1/events")
        for cursor in ("", "!!", "%00", "%ff", "A", "Y%3D%3D", "A" * 8000)
    ),
    # Valid base64, but not a cursor of a product's events.
    *(
        get(f"{PRODUCTS}/P1/events?cursor={cursor}", 400, "invalid-cursor", "?cursor")
        for cursor in ("YWJj", "YWJj" * 500)
    ),
    *(
        get(f"/v1/events?{name}={cursor}", 400, "invalid-cursor", f"?{name}")
        for name in ("cursor", "after")
        for cursor in (
            *("", "x", "0", "%00", "1795250117323-e7ae6ef8-0", "1795250117323-E7AE6EF8-000"),
            *("9" * 14 + "-00000000-000", quote("\u0660" * 13) + "-00000000-000"),
        )
    ),
    get("/v1/events?after=x", 400, "invalid-cursor", "?after", STREAM),
    *(
        get("/v1/events", 400, "invalid-cursor", "header:last-event-id", STREAM, header)
        for header in (b"Last-Event-ID: x", b"Last-Event-ID: \xff", b"Last-Event-ID: 0-0-0")
    ),
    *(
        get(f"/v1/events?min_delta={value}", 422, "invalid-request", "?min_delta", accept)
        for value in ("abc", "0", "-5", "1e3", "", "NaN")
        for accept in (STREAM, b"Accept: */*")
    ),
    *(
        get(f"/v1/events?kind={kind}", 422, "invalid-request", "?kind", accept)
        for kind in ("nope", "", "%00", "inserted&kind=nope")
        for accept in (STREAM, b"Accept: */*")
    ),
    *(
        Attack(
            f"delete with {query}",
            request("DELETE", f"{PRODUCTS}/P1?{query}", ANY),
            422,
            "invalid-request",
            f"?{query.partition('=')[0]}",
        )
        for query in ("reason=stolen", "note=%00", "note=", "reference=%0d%0aX-Evil:1", "reason=")
    ),
]


NOWHERE = [
    *(
        get(target, 404, "not-found")
        for target in (
            *("/v1", "/v1/", "/V1/products", "/v2/products", "//v1/products", "/v1//products"),
            *(f"{PRODUCTS}/a/b", f"{PRODUCTS}/../healthz", "/nowhere?%ff", "/nowhere/%ff%00"),
            *("/v1%2fproducts", "/%761/products", "/%761/products/P1", "/readyz/x"),
            *("/static/nope", "/static/%00", "/static/../app/settings.py"),
            *("/static/..%2fapp/settings.py", "/static/%2e%2e/%2e%2e/etc/passwd"),
        )
    ),
    *(
        Attack(
            f"{method} {target}",
            request(method, target),
            405,
            "method-not-allowed",
            headers={"allow": allowed},
        )
        for method, target, allowed in (
            ("POST", f"{PRODUCTS}/P1", "DELETE, GET, HEAD, PATCH, PUT"),
            ("DELETE", PRODUCTS, "GET, HEAD, POST"),
            ("PUT", PRODUCTS, "GET, HEAD, POST"),
            ("TRACE", PRODUCTS, "GET, HEAD, POST"),
            ("PROPFIND", PRODUCTS, "GET, HEAD, POST"),
            ("OPTIONS", f"{PRODUCTS}/P1", "DELETE, GET, HEAD, PATCH, PUT"),
            ("GET", f"{PRODUCTS}/P1/adjustments", "POST"),
            ("PUT", "/v1/events", "GET, HEAD"),
            ("DELETE", "/v1/events/x", "GET, HEAD"),
            ("POST", "/healthz", "GET, HEAD"),
            ("POST", "/readyz", "GET, HEAD"),
        )
    ),
]


def test_unusual_valid_ids_work_in_every_operation(app: App) -> None:
    for product_id in (
        *("P 1", "a/b", "50%", "%2F", "a+b&c=d", "\u00fc\u4e2d\U0001f9f8", "..a", "a?b#c", "'\"<>"),
        *("z" * 200, "\u4e2d" * 200, "{}", "\\", "~", "\u00e9"),
    ):
        body = {"product_id": product_id, "name": "n", "stock": 5}
        made = app.http.post(PRODUCTS, json=body)
        assert made.status_code == 201, made.text
        place = made.headers["Location"]
        assert place == f"{PRODUCTS}/{quote(product_id, safe='')}"
        assert app.http.get(place).json()["product_id"] == product_id
        sale = {"delta": -1, "reason": "sold"}
        assert app.http.post(f"{place}/adjustments", json=sale).json()["stock"] == 4
        assert app.http.get(f"{place}/events").status_code == 200
        assert app.http.delete(place, headers={"If-Match": "*"}).status_code == 204


@pytest.mark.parametrize("attack", IDS + PARAMETERS + NOWHERE, ids=lambda attack: attack.name)
def test_attack_is_rejected_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    assert_refused(target, attack)
