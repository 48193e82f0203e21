"""A hostile client gets the right status and a problem that names the field; it writes nothing.

Requests go over a raw socket, because client libraries mend what is to be sent broken here.
"""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from app.web.guards import SECURITY_HEADERS
from tests.support.raw_http import Answer, chunked, connect, request, send
from tests.support.running import App, serving, settings_for

JSON = b"Content-Type: application/json"
MERGE_PATCH = b"Content-Type: application/merge-patch+json"
ANY = b"If-Match: *"
STREAM = b"Accept: text/event-stream"
LIMIT = 1024 * 1024
PRODUCTS = "/v1/products"


@dataclass(frozen=True)
class Attack:
    """A request, and what must come back; `named` stands in a pointer or in the detail."""

    name: str
    request: bytes
    status: int
    code: str
    named: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def create(name: str, body: bytes, named: str, status: int = 422) -> Attack:
    """A creation with this body."""
    code = "malformed-json" if status == 400 else "invalid-request"
    return Attack(
        f"create: {name}", request("POST", PRODUCTS, JSON, body=body), status, code, named
    )


def with_field(name: str, value: bytes) -> Attack:
    """A creation in which one field has this value, as JSON."""
    fields = {b"product_id": b'"new"', b"name": b'"n"', b"stock": b"1"} | {name.encode(): value}
    body = b"{" + b",".join(b'"%b":%b' % member for member in fields.items()) + b"}"
    return create(f"{name} {_shown(value)}", body, f"/{name}")


def adjust(body: bytes, named: str) -> Attack:
    """An adjustment with this body."""
    target = f"{PRODUCTS}/P1/adjustments"
    return Attack(
        f"adjust: {_shown(body)}",
        request("POST", target, JSON, body=body),
        422,
        "invalid-request",
        named,
    )


def patch(body: bytes, named: str, status: int = 422, code: str = "invalid-request") -> Attack:
    """A merge patch with this body."""
    sent = request("PATCH", f"{PRODUCTS}/P1", MERGE_PATCH, ANY, body=body)
    return Attack(f"patch: {_shown(body)}", sent, status, code, named)


def put_at(path_id: str) -> Attack:
    """A creation at an odd id in the path."""
    sent = request(
        "PUT",
        f"{PRODUCTS}/{path_id}",
        JSON,
        b"If-None-Match: *",
        body=b'{"name":"n","stock":1}',
    )
    return Attack(f"put at {_shown(path_id)}", sent, 422, "invalid-request", "path:product_id")


def get(
    target: str,
    status: int,
    code: str,
    named: str = "",
    *headers: bytes,
    host: bytes = b"localhost",
) -> Attack:
    """A read; `headers` come before the rest of the name."""
    name = " ".join(_shown(part) for part in (target, *headers))
    shown = name if host == b"localhost" else f"{name} of host {_shown(host)}"
    return Attack(f"get {shown}", request("GET", target, *headers, host=host), status, code, named)


def _shown(value: str | bytes) -> str:
    text = value if isinstance(value, str) else value.decode("latin-1")
    return ascii(text[:40])[1:-1]


def event_id(product_id: str, event_key: str = "L#" + "1" * 40) -> str:
    return base64.urlsafe_b64encode(f"{product_id}\0{event_key}".encode()).decode().rstrip("=")


BODIES = [
    create("cut off", b'{"product_id":"new"', "not valid JSON", 400),
    create("two documents", b"{} {}", "Extra data", 400),
    create("not UTF-8", b'{"product_id":"new","name":"\xff","stock":1}', "not UTF-8", 400),
    create("UTF-16", '{"product_id":"new","name":"n","stock":1}'.encode("utf-16"), "UTF-8", 400),
    create("a name twice", b'{"product_id":"new","name":"n","stock":1,"stock":2}', "'stock'", 400),
    create("100,000 brackets", b"[" * 100_000, "nested", 400),
    create("100,000 objects in a field", b'{"tags":' + b'{"a":' * 100_000, "nested", 400),
    create("no body", b"", "body: Field required"),
    create("null", b"null", "body: "),
    create("an array", b"[]", "body: "),
    create("a number", b"5", "body: "),
    create("a string", b'"x"', "body: "),
    create("nothing in it", b"{}", "/stock"),
    create("an unknown field", b'{"product_id":"new","name":"n","stock":1,"x~/y":1}', "/x~0~1y"),
    create(
        "a surrogate for a name", b'{"product_id":"new","name":"n","stock":1,"\\ud800":1}', "body"
    ),
    create(
        "thousands of fields", b"{%b}" % b",".join(b'"f%d":1' % n for n in range(50_000)), "more"
    ),
]

WRONG_VALUES = [
    *(
        with_field("stock", value)
        for value in (
            *(b'"5"', b"true", b"false", b"null", b"[]", b"{}", b'""', b"5.0", b"1.5", b"1e2"),
            *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1e99999999999999999999"),
            *(b"-1", b"1000000000000001", str(10**30).encode(), b"9" * 5000, b"-" + b"9" * 5000),
        )
    ),
    *(
        with_field("price", value)
        for value in (
            *(b"true", b"[]", b'"x"', b'""', b'" 5 "', b'"1_0"', b'"1e1"', b'"NaN"', b'"sNaN"'),
            *(b"NaN", b"Infinity", b"1e400", b"1e-400", b"-0.01", b'"-1"', b"0.0000001"),
            *(b'"Infinity"', b"1" * 21, b"1e999999999", b'"1,50"', '"\u0663"'.encode()),
        )
    ),
    *(with_field("reorder_point", value) for value in (b"-1", b"1.5", b'"5"', b"true")),
    *(
        with_field(name, value)
        for name in ("product_id", "name", "category", "barcode")
        for value in (b"5", b"true", b'""', b'" x"', b'"x\\u0000"', b'"\\u001b[31m"', b'"\\ud800"')
    ),
    *(
        with_field("product_id", value)
        for value in (
            *(b"null", b'".."', b'"."', b'"../x"', b'"a/../b"', b'"a\\r\\nX-Evil: 1"', b'" "'),
            *(b'"%b"' % (b"a" * 201), b'"%b"' % (b"a" * 4096), '"\u202ea"'.encode()),
        )
    ),
    with_field("name", b'"%b"' % (b"a" * 201)),
    with_field("category", b'"%b"' % (b"a" * 101)),
    with_field("tags", b'"a"'),
    with_field("tags", b'["a","a"]'),
    with_field("tags", b"[%b]" % b",".join(b'"%d"' % n for n in range(51))),
    create(
        "a tag of another type", b'{"product_id":"new","name":"n","stock":1,"tags":[1]}', "/tags/0"
    ),
    *(
        adjust(body, named)
        for body, named in (
            *(
                (b'{"delta":%b,"reason":"sold"}' % value, "/delta")
                for value in (b"0", b"1.5", b"1.0")
            ),
            *((b'{"delta":%b,"reason":"sold"}' % value, "/delta") for value in (b'"1"', b"true")),
            (b'{"delta":%d,"reason":"sold"}' % 10**30, "/delta"),
            (b'{"delta":1}', "/reason"),
            (b'{"delta":1,"reason":"stolen"}', "/reason"),
            (b'{"delta":1,"reason":["sold"]}', "/reason"),
            (b'{"delta":1,"reason":"sold","note":"\\u0000"}', "/note"),
            (b'{"delta":1,"reason":"sold","note":"\\u001b[2J"}', "/note"),
            (b'{"delta":1,"reason":"sold","note":"\\ud800"}', "/note"),
            (b'{"delta":1,"reason":"sold","note":"%b"}' % (b"a" * 501), "/note"),
            (b'{"delta":1,"reason":"sold","reference":"a\\r\\nX-Evil: 1"}', "/reference"),
            (b'{"delta":1,"reason":"sold","stock":5}', "/stock"),
        )
    ),
    patch(b"null", "body: "),
    patch(b"[]", "body: "),
    patch(b'{"name":null}', "/name"),
    patch(b'{"stock":null}', "/stock"),
    patch(b'{"product_id":"x"}', "/product_id"),
    patch(b'{"name":"a","name":"b"}', "'name'", 400, "malformed-json"),
]

IDS = [
    *(put_at(path_id) for path_id in ("..%2f", "%2e%2e", "..", ".", "a%2f..%2fb", "%20", "%20a")),
    *(put_at(path_id) for path_id in ("%00", "%0d%0aX-Evil:1", "%ff", "%ed%a0%80", "%E2%80%AEa")),
    *(put_at(path_id) for path_id in ("a" * 201, "a" * 4096, "%C2%A0", "%E2%80%8B")),
    *(
        get(f"{PRODUCTS}/{path_id}", 404, "product-not-found")
        for path_id in ("..%2f", ".", "%2e%2e", "%00", "%", "%zz", "%E2%80%AEx", "%20", "a" * 2048)
    ),
    *(
        get(f"{PRODUCTS}/{path_id}", 422, "invalid-request", "path:product_id")
        for path_id in ("%ff", "%ed%a0%80", "a" * 2049, "a" * 4096)
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
    # Well-formed, but not what a page of a product's events gives out.
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
        for value in ("abc", "0", "-5", "1e3", "1.5", "", "NaN")
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

CONDITIONS = [
    *(
        Attack(
            f"{method} if {_shown(tag)}",
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

SENT_WRONGLY = [
    *(
        Attack(
            f"{method} {_shown(content)}",
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
            f"{method} with {_shown(header)}",
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

TABLE = [
    *(BODIES + WRONG_VALUES + IDS + PARAMETERS),
    *(CONDITIONS + SENT_WRONGLY + NOWHERE + FORGED),
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


class Target:
    """An application with one product, and its table as it must stay."""

    def __init__(self, app: App) -> None:
        self.app = app
        app.create("P1", 10, category="Kitchen", price="19.90")
        self.before = self.items()

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.app.tables.scan(
            TableName=self.app.services.products_table, ConsistentRead=True
        )["Items"]
        return found

    def assert_untouched(self) -> None:
        assert self.items() == self.before


@pytest.fixture(scope="module")
def target(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("bad-input"))) as app:
        yield Target(app)


@pytest.mark.parametrize("attack", TABLE, ids=lambda attack: attack.name)
def test_an_attack_is_refused_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    answer = send(target.app.url, attack.request)
    assert answer.status == attack.status, answer.body[:500]
    assert_problem(answer, attack)
    target.assert_untouched()


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


def test_a_stale_etag_changes_nothing_and_learns_the_current_one(app: App) -> None:
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


def test_odd_ids_that_are_allowed_work_everywhere(app: App) -> None:
    for product_id in (
        *("P 1", "a/b", "50%", "%2F", "a+b&c=d", "\u00fc\u4e2d\U0001f9f8", "..a", "a?b#c", "'\"<>"),
        *("z" * 200, "\u4e2d" * 200, "{}", "\\", "~", "e\u0301"),
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


def test_a_price_keeps_every_digit_however_it_is_sent(app: App) -> None:
    for number, price in enumerate((b"12345678901234.123456", b'"12345678901234.123456"')):
        body = b'{"product_id":"P%d","name":"n","stock":1,"price":%b}' % (number, price)
        answer = send(app.url, request("POST", PRODUCTS, JSON, body=body))
        assert answer.json()["price"] == "12345678901234.123456"


def test_what_a_client_sends_cannot_break_out_of_a_header(app: App) -> None:
    app.create("P1")
    app.create("P2")
    listed = send(app.url, request("GET", f"{PRODUCTS}?limit=1&x=%0d%0aSet-Cookie:%20a=b"))
    assert listed.status == 200
    assert 'rel="next"' in listed.headers["link"]
    spoofed = send(app.url, request("GET", "/healthz", b"X-Request-Id: mine"))
    assert spoofed.headers["x-request-id"] != "mine"
    for answer in (listed, spoofed):
        assert "set-cookie" not in answer.headers


def test_an_answer_to_thousands_of_faults_stays_small(target: Target) -> None:
    body = b"{%b}" % b",".join(b'"f%d":1' % number for number in range(50_000))
    answer = send(target.app.url, request("POST", PRODUCTS, JSON, body=body))
    assert len(answer.body) < 10_000


def assert_problem(answer: Answer, attack: Attack) -> None:
    """The answer is a whole problem document, under the headers that guard every answer."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (attack.status, attack.code), problem
    assert problem["type"] == f"urn:stockpulse:problem:{attack.code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    pointers = [fault["pointer"] for fault in problem.get("errors", [])]
    assert not attack.named or any(attack.named in text for text in (*pointers, problem["detail"]))
    assert {name: answer.headers.get(name) for name in attack.headers} == attack.headers
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get(name.lower()) == value, name
    assert b"Traceback" not in answer.body
    assert b".py" not in answer.body.replace(b"settings.py", b"")
    assert "x-evil" not in answer.headers
