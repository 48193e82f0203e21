"""The rate limit headers of each response are in the contract."""

from typing import Any

import httpx
import pytest

from app.core.roles import Role
from tests.support.access import an_authenticator
from tests.support.http.named_headers import check_headers
from tests.support.site import Site, a_key

PATH = "/v1/products"


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    """The contract: it does not depend on settings."""
    return Site(an_authenticator()).app.openapi()


def assert_in_contract(contract: dict[str, Any], answer: httpx.Response) -> None:
    check_headers(contract, "GET", PATH, answer.status_code, answer.headers)


@pytest.mark.parametrize(
    ("limit", "policy"),
    [
        ({"rate_limit_per_minute": 1}, '"key";q=1;w=60'),
        ({"address_rate_limit_per_minute": 1}, '"address";q=1;w=60'),
    ],
)
def test_headers_of_the_last_allowed_and_of_the_limited_response_are_in_the_contract(
    contract: dict[str, Any], limit: dict[str, Any], policy: str
) -> None:
    key, secret = a_key(Role.VIEWER)
    site = Site(an_authenticator([key]), **limit)
    headers = {"Authorization": f"Bearer {secret.text}"}
    answers = [site.ask("GET", PATH, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["RateLimit-Policy"] == policy
    for answer in answers:
        assert_in_contract(contract, answer)


def test_headers_of_responses_to_wrong_keys_are_in_the_contract(contract: dict[str, Any]) -> None:
    site = Site(an_authenticator([a_key()[0]]), refused_per_minute=1)
    wrong = [{"Authorization": f"Bearer sp_{n:012x}_{'x' * 43}"} for n in range(2)]
    answers = [site.ask("GET", PATH, headers=headers) for headers in wrong]
    assert [answer.status_code for answer in answers] == [401, 429]
    for answer in answers:
        assert_in_contract(contract, answer)


def test_every_2xx_and_429_of_the_contract_has_rate_limit_headers(
    contract: dict[str, Any],
) -> None:
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if path.startswith("/v1/") and (status[0] == "2" or status == "429"):
                    assert {"RateLimit", "RateLimit-Policy"} <= set(answer["headers"]), (
                        method,
                        path,
                        status,
                    )
            refused = operation["responses"].get("429", {"headers": ["Retry-After"]})
            assert "Retry-After" in refused["headers"], (method, path)
