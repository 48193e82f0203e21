"""An attack, the response to expect, and the application that must not change."""

import base64
from dataclasses import dataclass, field
from typing import Any

from app.web.middleware.request_guard import SECURITY_HEADERS
from tests.support.http.raw_http import Answer, request, send
from tests.support.processes.running import App

JSON = b"Content-Type: application/json"
MERGE_PATCH = b"Content-Type: application/merge-patch+json"
ANY = b"If-Match: *"


PRODUCTS = "/v1/products"


@dataclass(frozen=True)
class Attack:
    """A request and the expected response; `named` must be in a pointer or in the detail."""

    name: str
    request: bytes
    status: int
    code: str
    named: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def create(name: str, body: bytes, named: str, status: int = 422) -> Attack:
    """A request to create a product with this body."""
    code = "malformed-json" if status == 400 else "invalid-request"
    return Attack(
        f"create: {name}", request("POST", PRODUCTS, JSON, body=body), status, code, named
    )


def get(
    target: str,
    status: int,
    code: str,
    named: str = "",
    *headers: bytes,
    host: bytes = b"localhost",
) -> Attack:
    """A GET request with these headers and this Host."""
    name = " ".join(shown(part) for part in (target, *headers))
    whole = name if host == b"localhost" else f"{name} of host {shown(host)}"
    return Attack(f"get {whole}", request("GET", target, *headers, host=host), status, code, named)


def shown(value: str | bytes) -> str:
    """The first 40 characters, for the name of a test."""
    text = value if isinstance(value, str) else value.decode("latin-1")
    return ascii(text[:40])[1:-1]


def event_id(product_id: str, event_key: str = "L#" + "1" * 40) -> str:
    return base64.urlsafe_b64encode(f"{product_id}\0{event_key}".encode()).decode().rstrip("=")


class Target:
    """An application with one product, and the content of its table."""

    def __init__(self, app: App) -> None:
        self.app = app
        app.create("P1", 10, category="Kitchen", price="19.90")
        self.before = self.items()

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.app.tables.scan(
            TableName=self.app.services.about.products_table, ConsistentRead=True
        )["Items"]
        return found

    def assert_untouched(self) -> None:
        assert self.items() == self.before


def assert_refused(target: Target, attack: Attack) -> None:
    """The response is the expected problem, and nothing was written."""
    answer = send(target.app.url, attack.request)
    assert answer.status == attack.status, answer.body[:500]
    assert_problem(answer, attack)
    target.assert_untouched()


def assert_problem(answer: Answer, attack: Attack) -> None:
    """The response is a complete problem document with the security headers."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (attack.status, attack.code), problem
    assert problem["type"] == f"urn:stockpulse:problem:{attack.code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    pointers = [error["pointer"] for error in problem.get("errors", [])]
    assert not attack.named or any(attack.named in text for text in (*pointers, problem["detail"]))
    assert {name: answer.headers.get(name) for name in attack.headers} == attack.headers
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get(name.lower()) == value, name
    assert b"Traceback" not in answer.body
    assert b".py" not in answer.body.replace(b"settings.py", b"")
    assert "x-evil" not in answer.headers
