"""Each limit allows the last request within it, rejects the next, and returns Retry-After.

All clients are behind a trusted proxy, so that each test has its own addresses and people at one
application.
"""

import time
from collections.abc import Iterator

import httpx
import pytest

from app.core.roles import Role
from tests.support.house import HTML, House, furnished
from tests.support.http import plain
from tests.support.processes.running import App, serving, settings_for

ADDRESS, KEY, WRONG = 12, 6, 3
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application with tiny limits."""
    with furnished(
        endpoint,
        tmp_path_factory.mktemp("limits"),
        proxy_addresses="127.0.0.1",
        proxy_user_header="X-User",
        proxy_roles="*=viewer",
        address_rate_limit_per_minute=ADDRESS,
        rate_limit_per_minute=KEY,
        refused_per_minute=WRONG,
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _within_a_minute() -> None:
    """Start no test shortly before the end of a minute, when limits start to reset."""
    remaining = 60 - time.time() % 60
    if remaining < 2:
        time.sleep(remaining)


def person(name: str, address: str = "") -> dict[str, str]:
    """The headers of a person with an address of their own."""
    return {"X-User": name, "X-Forwarded-For": address or f"2001:db8:{len(name)}:{ord(name[0])}::1"}


def asked(house: House, headers: dict[str, str], path: str = "/v1/products") -> httpx.Response:
    return house.app.http.get(path, headers=headers)


def assert_refused(answer: httpx.Response, policy: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, "rate-limited")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["RateLimit-Policy"] == f"{policy};w=60"
    assert ";r=0;t=" in answer.headers["RateLimit"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_person_is_limited_after_the_last_allowed_request(house: House) -> None:
    limits = [asked(house, person("ada")).headers["RateLimit"][:10] for _ in range(KEY)]
    assert [limits[0], limits[-1]] == ['"key";r=5;', '"key";r=0;']
    assert_refused(asked(house, person("ada")), f'"key";q={KEY}')
    assert asked(house, person("bob")).status_code == 200


def test_key_and_its_sessions_share_a_limit_across_addresses(house: House) -> None:
    key = house.headers["editor"]
    sign_in = {"key": house.secrets["editor"]}
    at = {"X-Forwarded-For": "198.51.100.1"}
    with plain.Client(base_url=house.app.url, headers=at) as browser:
        assert browser.post("/sign-in", data=sign_in).status_code == 303
        for number in range(KEY // 2):
            assert browser.get("/v1/products").status_code == 200
            elsewhere = {"X-Forwarded-For": f"198.51.100.{number + 10}"}
            assert asked(house, key | elsewhere).status_code == 200
        assert_refused(browser.get("/v1/products"), f'"key";q={KEY}')
        page = browser.get("/products", headers=HTML)
    assert (page.status_code, page.headers["Content-Type"][:9]) == (429, "text/html")
    assert "Retry-After" in page.headers


def test_batch_counts_each_item_and_is_refused_whole_if_too_few_requests_are_left(
    house: House,
) -> None:
    house.key("batches", Role.EDITOR)
    house.refresh_keys()

    def batch(count: int) -> httpx.Response:
        item = {"action": "create", "name": "n", "stock": 1}
        items = [{**item, "product_id": f"B{count}-{number}"} for number in range(count)]
        headers = house.headers["batches"] | {"X-Forwarded-For": "198.51.100.99"}
        return house.app.http.post("/v1/products:batch", json={"items": items}, headers=headers)

    refused = batch(KEY + 1)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert f"nothing was applied. Send at most {KEY} items" in refused.json()["detail"]
    assert refused.headers["RateLimit"].startswith(f'"key";r={KEY - 1};t=')
    assert "Retry-After" not in refused.headers, "it would never fit"
    assert asked(house, person("ida"), f"/v1/products/B{KEY + 1}-0").status_code == 404

    applied = batch(KEY - 1)
    assert applied.status_code == 207
    assert {item["status"] for item in applied.json()["items"]} == {201}
    assert applied.headers["RateLimit"].startswith('"key";r=0;t=')
    assert_refused(batch(1), f'"key";q={KEY}')


def test_batch_of_reversals_counts_each_event(house: House) -> None:
    house.key("undoing", Role.EDITOR)
    house.refresh_keys()
    headers = house.headers["undoing"] | {"X-Forwarded-For": "198.51.100.98"}
    events = {"events": [str(number) for number in range(KEY)]}
    answer = house.app.http.post("/v1/reversals", json=events, headers=headers)
    assert (answer.status_code, answer.headers["RateLimit"][:11]) == (207, '"key";r=0;t')
    assert_refused(asked(house, headers), f'"key";q={KEY}')


def test_address_is_limited_after_the_last_allowed_request(house: House) -> None:
    at = "203.0.113.5"
    names = [f"p{number}" for number in range(ADDRESS)]
    assert {asked(house, person(name, at)).status_code for name in names} == {200}
    assert_refused(asked(house, person("late", at)), f'"address";q={ADDRESS}')
    assert_refused(asked(house, {"X-Forwarded-For": at}), f'"address";q={ADDRESS}')
    assert asked(house, person("late", at), "/readyz").status_code == 200, (
        "health checks are not limited"
    )
    assert asked(house, person("late", "203.0.113.6")).status_code == 200


def test_keys_at_a_health_check_count_as_wrong_keys_and_the_check_is_still_answered(
    house: House,
) -> None:
    at = {"X-Forwarded-For": "198.51.100.77"}
    for number in range(WRONG):
        wrong = {"Authorization": f"Bearer sp_000000000000_{number:032d}"}
        assert asked(house, wrong | at, "/readyz").status_code == 200
    assert_refused(asked(house, house.headers["admin"] | at), f'"wrong-keys";q={WRONG}')
    answer = asked(house, house.headers["admin"] | at, "/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_addresses_of_an_ipv6_network_share_a_limit(house: House) -> None:
    statuses = [
        asked(house, {"X-Forwarded-For": f"2001:db8:f:f::{number}"}, "/static/app.css").status_code
        for number in range(1, ADDRESS + 2)
    ]
    assert statuses[-2:] == [statuses[0], 429]


def wrong(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer sp_{number:012x}_{'x' * 43}"}


def test_address_that_guesses_keys_is_limited_but_its_sessions_are_not(house: House) -> None:
    at = {"X-Forwarded-For": "192.0.2.7"}
    with plain.Client(base_url=house.app.url, headers=at) as browser:
        assert browser.post("/sign-in", data={"key": house.secrets["viewer"]}).status_code == 303
        assert asked(house, at | wrong(1)).status_code == 401
        assert asked(house, at | wrong(2), "/sign-in").status_code == 200, "counts as a wrong key"
        assert browser.post("/sign-in", data={"key": "sp_no"}).status_code == 401
        policy = f'"wrong-keys";q={WRONG}'
        assert_refused(asked(house, at | wrong(3)), policy)
        assert_refused(asked(house, at | house.headers["admin"]), policy)
        assert_refused(browser.post("/sign-in", data={"key": house.secrets["admin"]}), policy)
        assert_refused(browser.get("/sign-in/link", params={"token": "x"}), policy)
        assert browser.get("/v1/products").status_code == 200
    assert asked(house, {"X-Forwarded-For": "192.0.2.8"} | wrong(3)).status_code == 401


def test_repeating_one_wrong_key_does_not_lock_out_the_address(house: House) -> None:
    at = {"X-Forwarded-For": "192.0.2.17"}
    revoked = {asked(house, at | house.headers["revoked"]).status_code for _ in range(WRONG * 2)}
    assert revoked == {401}
    assert asked(house, at | house.headers["admin"]).status_code == 200


def test_guesses_of_sign_in_links_are_limited(house: House) -> None:
    at = {"X-Forwarded-For": "192.0.2.27"}
    for _ in range(WRONG):
        answer = house.app.http.get("/sign-in/link", params={"token": "x"}, headers=at)
        assert answer.status_code == 410
    assert_refused(asked(house, at | house.headers["admin"]), f'"wrong-keys";q={WRONG}')


def test_loopback_client_of_an_open_server_is_not_limited(
    endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("loopback")
    tiny = {"address_rate_limit_per_minute": 1, "rate_limit_per_minute": 1, "refused_per_minute": 1}
    with serving(settings_for(endpoint, folder, max_streams_per_key=1, **tiny)) as app:
        assert_open(app)
        assert app.http.get("/healthz", headers=wrong(1)).status_code == 200
        assert app.http.get("/v1/products", headers=wrong(1)).status_code == 401
        assert app.http.get("/v1/products", headers=wrong(2)).status_code == 429
        assert_open(app)


def assert_open(app: App) -> None:
    answers = [app.http.get("/v1/products") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in answer.headers for answer in answers)
    with (
        app.http.stream("GET", "/v1/events", headers=STREAM) as one,
        app.http.stream("GET", "/v1/events", headers=STREAM) as two,
    ):
        assert (one.status_code, two.status_code) == (200, 200)
