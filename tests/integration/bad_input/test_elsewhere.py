"""Invalid batches, counts, reversals, dead letters and sign-in forms are rejected too.

The other files test what all routes share: hosts, methods and lengths.
"""

import json
from urllib.parse import quote

import pytest

from tests.integration.bad_input.attacks import (
    JSON,
    PRODUCTS,
    Attack,
    Target,
    assert_refused,
    event_id,
    get,
)
from tests.support.http.raw_http import request, send

BATCH, COUNTS = f"{PRODUCTS}:batch", f"{PRODUCTS}/P1/counts"
LETTERS = "/v1/dead-letters"
FORM = b"Content-Type: application/x-www-form-urlencoded"
DEEP = b"[" * 100_000
EVIL = b"Origin: http://evil.example"


def post(
    place: str, body: bytes, status: int, code: str, named: str = "", *headers: bytes
) -> Attack:
    """A POST of JSON, unless a header says otherwise."""
    shown = f"{place[:60]} {[*headers]} {body[:40]!r}"
    return Attack(
        shown, request("POST", place, *(headers or (JSON,)), body=body), status, code, named
    )


def of_items(*items: bytes) -> bytes:
    return b'{"items":[%b]}' % b",".join(items)


KEY = b"Idempotency-Key: "
DELETION = b'{"action":"delete","product_id":"P1","if_match":"*"}'

BATCHES = [
    post(BATCH, b'{"items":[', 400, "malformed-json", "not valid JSON"),
    post(BATCH, of_items(DEEP), 400, "malformed-json", "nested"),
    post(BATCH, of_items(DELETION[:-1] + b',"if_match":"x"}'), 400, "malformed-json", "'if_match'"),
    post(BATCH, b'{"items":[%b],"items":[]}' % DELETION, 400, "malformed-json", "'items'"),
    *(
        post(BATCH, body, 422, "invalid-request", named)
        for body, named in (
            *((b"null", "body"), (b"[]", "body"), (b"{}", "/items"), (b'{"items":{}}', "/items")),
            *((of_items(), "/items"), (of_items(*[DELETION] * 501), "/items")),
            (b'{"items":[%b],"atomic":true}' % DELETION, "/atomic"),
        )
    ),
    post(BATCH, of_items(DELETION), 415, "unsupported-media-type", "", b"Content-Type: text/plain"),
    post(BATCH, of_items(DELETION), 403, "cross-origin", "origin", JSON, EVIL),
    *(
        post(BATCH, of_items(DELETION), 422, "invalid-request", "idempotency-key", JSON, *keys)
        for keys in ([KEY + b"a b"], [KEY + b"a", KEY + b"b"])
    ),
    *(
        post(BATCH, of_items(DELETION), 415, "unsupported-media-type", "Encoding", JSON, packed)
        for packed in (b"Content-Encoding: gzip", b"Content-Encoding: identity, br")
    ),
]

COUNTED = [
    *(
        post(COUNTS, b'{"counted":%b}' % value, 422, "invalid-request", "/counted")
        for value in (
            *(b"NaN", b"Infinity", b"-1", b"1.5", b'"5 "', b"true", b"null", b"9" * 5000),
            str(10**30).encode(),
        )
    ),
    post(COUNTS, b'{"counted":1,"counted":2}', 400, "malformed-json", "'counted'"),
    post(COUNTS, b'{"counted":%b' % DEEP, 400, "malformed-json", "nested"),
    *(
        post(COUNTS, b'{"counted":1,%b}' % member, 422, "invalid-request", named)
        for member, named in (
            *((b'"note":"\\u001b[2J"', "/note"), (b'"reference":"a\\r\\nX-Evil: 1"', "/reference")),
            *((b'"reason":"stolen"', "/reason"), (b'"stock":5', "/stock")),
            (b'"reference":"\\u202ea"', "/reference"),
        )
    ),
    post(f"{PRODUCTS}/..%2fP1/counts", b'{"counted":1}', 404, "product-not-found"),
    post(f"{PRODUCTS}/%ff/counts", b'{"counted":1}', 422, "invalid-request", "path:product_id"),
    post(COUNTS, b'{"counted":1}', 403, "cross-origin", "origin", JSON, EVIL),
]

REVERSED = [
    *(
        post(f"/v1/events/{identifier}/reversals", b"{}", 404, "event-not-found")
        for identifier in (
            *("x", "%ff", "%00", "..%2f", "=" * 8, "A" * 8000, event_id("P1"), event_id("\0")),
            *(event_id("x" * 2049), event_id("x" * 5000), event_id("P1", ""), event_id("")),
        )
    ),
    post("/v1/events/x/reversals", b'{"note":"a","note":"b"}', 400, "malformed-json", "'note'"),
    post("/v1/events/x/reversals", b'{"delta":1}', 422, "invalid-request", "/delta"),
    post("/v1/events/x/reversals", b"{}", 403, "cross-origin", "origin", JSON, EVIL),
    *(
        post("/v1/reversals", body, 422, "invalid-request", named)
        for body, named in (
            *((b"{}", "/events"), (b'{"events":[]}', "/events"), (b'{"events":"x"}', "/events")),
            *((b'{"events":["x","x"]}', "/events"), (b'{"events":[""]}', "/events/0")),
            (b'{"events":["%b"]}' % (b"A" * 20_000), "/events/0"),
            (b'{"events":["x"],"atomic":true}', "/atomic"),
        )
    ),
    post("/v1/reversals", b'{"events":["x"]}', 403, "cross-origin", "origin", JSON, EVIL),
]

DEAD = [
    *(
        Attack(f"{method} {place[:60]}", request(method, place), 404, "dead-letter-not-found")
        for name in (
            "x",
            "%ff",
            "%00",
            "..%2f",
            "%0d%0aX-Evil:1",
            "A" * 8000,
            "%E2%80%AE",
            quote("\u0661"),
        )
        for method, place in (
            *(("GET", f"{LETTERS}/{name}"), ("DELETE", f"{LETTERS}/{name}")),
            ("POST", f"{LETTERS}/{name}/redrive"),
        )
    ),
    *(
        get(f"{LETTERS}?cursor={cursor}", 400, "invalid-cursor", "?cursor")
        for cursor in ("!!", "%00", "%ff", "A" * 8000, "YWJj")
    ),
    *(
        get(f"{LETTERS}?{query}", 422, "invalid-request", f"?{query.partition('=')[0]}")
        for query in (
            "limit=NaN",
            "limit=" + "9" * 5000,
            "sink=" + "a" * 32,
            "product_id=" + "a" * 6146,
        )
    ),
    Attack(
        "DELETE of another origin", request("DELETE", f"{LETTERS}/x", EVIL), 403, "cross-origin"
    ),
]

# Invalid items of a batch; each gets an error of its own.
ITEMS = [
    *(b"null", b"[]", b"NaN", b"1e999999999", b'"x"', b"{}", b'{"action":"drop"}'),
    *(
        b'{"action":"create","product_id":%b,"name":"n","stock":%b}' % pair
        for pair in (
            *(
                (b'"../x"', b"1"),
                (b'"\\u202ea"', b"1"),
                (b'"\\ud800"', b"1"),
                (b'"a\\r\\nb"', b"1"),
            ),
            *(
                (b'"new"', b"NaN"),
                (b'"new"', b"1e400"),
                (b'"new"', b"9" * 5000),
                (b'"new"', b"true"),
            ),
        )
    ),
    b'{"action":"adjust","product_id":"P1","delta":0,"reason":"sold"}',
    b'{"action":"adjust","product_id":"P1","delta":%d,"reason":"sold"}' % 10**30,
    b'{"action":"count","product_id":"P1","counted":-1}',
    b'{"action":"count","product_id":"P1","counted":1,"note":"\\u0000"}',
    b'{"action":"patch","product_id":"P1","if_match":"*","changes":{"stock":NaN}}',
    b'{"action":"delete","product_id":"P1"}',
    b'{"action":"delete","product_id":"%b","if_match":"*"}' % (b"a" * 2049),
]

SIGN_INS = [
    *(
        request("POST", "/sign-in", FORM, body=b"key=" + key)
        for key in (
            b"",
            b"sp_",
            b"sp_%00_%00",
            b"sp_a_" + b"x" * 9000,
            b"%ff%fe",
            b"\xff",
            b"%0d%0a",
        )
    ),
    request("POST", "/sign-in", FORM, body=b"key=x&next=//evil.example/%0d%0aX-Evil:1"),
    request("POST", "/sign-in", FORM, body=b"a=1&" * 5000),
    request("POST", "/sign-in", JSON, body=b'{"key":{"a":1}}'),
    request(
        "POST", "/sign-in", b"Content-Type: multipart/form-data; boundary=x", body=b"--x\r\nbad"
    ),
    request("POST", "/sign-in", b"Content-Type: multipart/form-data", body=b"--x--"),
    *(
        request("POST", "/sign-in/link", FORM, body=b"token=" + token)
        for token in (b"", b"x", b"%00", b"A" * 9000, b"%ff")
    ),
    request("POST", "/sign-in", FORM, EVIL, body=b"key=x"),
]


@pytest.mark.parametrize(
    "attack", [*BATCHES, *COUNTED, *REVERSED, *DEAD], ids=lambda attack: attack.name
)
def test_attack_is_rejected_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    assert_refused(target, attack)


def test_each_hostile_item_of_a_batch_is_rejected_on_its_own(target: Target) -> None:
    answer = send(target.app.url, request("POST", BATCH, JSON, body=of_items(*ITEMS)))
    assert answer.status == 207, answer.body[:500]
    found = answer.json()["items"]
    assert [item["index"] for item in found] == [*range(len(ITEMS))]
    for item, sent in zip(found, ITEMS, strict=True):
        assert item["status"] in {404, 422}, (sent[:80], item)
        assert item["problem"]["code"] in {"invalid-request", "product-not-found"}, sent[:80]
    target.assert_untouched()


@pytest.mark.parametrize("data", SIGN_INS, ids=lambda data: ascii(data[-40:].decode("latin-1")))
def test_malformed_sign_in_is_rejected(target: Target, data: bytes) -> None:
    answer = send(target.app.url, data)
    assert 400 <= answer.status < 500, answer.body[:500]
    assert not {"set-cookie", "location", "x-evil"} & set(answer.headers)
    assert b"Traceback" not in answer.body


def test_preflight_from_another_origin_is_rejected(target: Target) -> None:
    for place in (BATCH, COUNTS, LETTERS, "/sign-in", "/v1/events/x/reversals"):
        asks = (EVIL, b"Access-Control-Request-Method: POST")
        answer = send(target.app.url, request("OPTIONS", place, *asks))
        assert answer.status == 405
        assert "access-control-allow-origin" not in answer.headers
    read = send(target.app.url, request("GET", PRODUCTS, EVIL))
    assert "access-control-allow-origin" not in read.headers, json.dumps(read.headers)
