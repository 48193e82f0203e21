"""An invalid body is rejected with an error that names the field; nothing is written."""

import pytest

from tests.integration.bad_input.attacks import (
    ANY,
    JSON,
    MERGE_PATCH,
    PRODUCTS,
    Attack,
    Target,
    assert_refused,
    create,
    shown,
)
from tests.support.http.raw_http import request, send
from tests.support.processes.running import App


def with_field(name: str, value: bytes) -> Attack:
    """A request to create a product in which one field has this JSON value."""
    fields = {b"product_id": b'"new"', b"name": b'"n"', b"stock": b"1"} | {name.encode(): value}
    body = b"{" + b",".join(b'"%b":%b' % member for member in fields.items()) + b"}"
    return create(f"{name} {shown(value)}", body, f"/{name}")


def adjust(body: bytes, named: str) -> Attack:
    """An adjustment with this body."""
    target = f"{PRODUCTS}/P1/adjustments"
    return Attack(
        f"adjust: {shown(body)}",
        request("POST", target, JSON, body=body),
        422,
        "invalid-request",
        named,
    )


def patch(body: bytes, named: str, status: int = 422, code: str = "invalid-request") -> Attack:
    """A merge patch with this body."""
    sent = request("PATCH", f"{PRODUCTS}/P1", MERGE_PATCH, ANY, body=body)
    return Attack(f"patch: {shown(body)}", sent, status, code, named)


BODIES = [
    create("truncated", b'{"product_id":"new"', "not valid JSON", 400),
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
    create("an empty object", b"{}", "/stock"),
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
            *(b'"5 "', b"true", b"false", b"null", b"[]", b"{}", b'""', b'"1.5"', b"1.5"),
            *(
                b'"1_0"',
                b'"1e2"',
                b"NaN",
                b"Infinity",
                b"-Infinity",
                b"1e400",
                b"1e99999999999999999999",
            ),
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
    *(with_field("reorder_point", value) for value in (b"-1", b"1e400", b'"5 "', b"true")),
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
                for value in (b"0", b"1.5", b"0.0")
            ),
            *((b'{"delta":%b,"reason":"sold"}' % value, "/delta") for value in (b'"1 "', b"true")),
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


def test_price_keeps_every_digit_as_string_or_number(app: App) -> None:
    for number, price in enumerate((b"12345678901234.123456", b'"12345678901234.123456"')):
        body = b'{"product_id":"P%d","name":"n","stock":1,"price":%b}' % (number, price)
        answer = send(app.url, request("POST", PRODUCTS, JSON, body=body))
        assert answer.json()["price"] == "12345678901234.123456"


def test_response_to_thousands_of_errors_is_small(target: Target) -> None:
    body = b"{%b}" % b",".join(b'"f%d":1' % number for number in range(50_000))
    answer = send(target.app.url, request("POST", PRODUCTS, JSON, body=body))
    assert len(answer.body) < 10_000


@pytest.mark.parametrize("attack", BODIES + WRONG_VALUES, ids=lambda attack: attack.name)
def test_attack_is_rejected_with_a_problem_and_writes_nothing(
    target: Target, attack: Attack
) -> None:
    assert_refused(target, attack)
