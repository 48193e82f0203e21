"""Who has used a budget up is told when to come back, in words that the contract has."""

from typing import Any

import httpx
import pytest

from app.core.roles import Role
from tests.support.access import an_authenticator
from tests.support.http.named_headers import check_headers
from tests.support.site import Site, a_key

PATH = "/v1/products"


def hold(site: Site, answer: httpx.Response) -> None:
    check_headers(site.app.openapi(), "GET", PATH, answer.status_code, answer.headers)


@pytest.mark.parametrize(
    ("budget", "policy"),
    [
        ({"rate_limit_per_minute": 1}, '"key";q=1;w=60'),
        ({"address_rate_limit_per_minute": 1}, '"address";q=1;w=60'),
    ],
)
def test_a_budget_s_last_answer_and_its_refusal_are_in_the_contract(
    budget: dict[str, Any], policy: str
) -> None:
    key, secret = a_key(Role.VIEWER)
    site = Site(an_authenticator([key]), **budget)
    headers = {"Authorization": f"Bearer {secret.text}"}
    answers = [site.ask("GET", PATH, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["RateLimit-Policy"] == policy
    for answer in answers:
        hold(site, answer)


def test_wrong_keys_are_refused_in_words_of_the_contract() -> None:
    site = Site(an_authenticator([a_key()[0]]), refused_per_minute=1)
    wrong = [{"Authorization": f"Bearer sp_{n:012x}_{'x' * 43}"} for n in range(2)]
    answers = [site.ask("GET", PATH, headers=headers) for headers in wrong]
    assert [answer.status_code for answer in answers] == [401, 429]
    for answer in answers:
        hold(site, answer)


def test_each_2xx_and_429_of_the_api_names_what_is_left() -> None:
    contract = Site(an_authenticator()).app.openapi()
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
