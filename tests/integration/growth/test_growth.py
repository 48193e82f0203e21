"""What a request asks of the store does not grow with the data, or only up to a small bound."""

from collections.abc import Iterator

import pytest

from app.web.pages.products import request_undo
from tests.integration.growth.api_requests import API
from tests.integration.growth.asking import _STATUS, Ask
from tests.integration.growth.kit import Cost, Shop, open_shop
from tests.integration.growth.office_requests import OFFICE
from tests.integration.growth.rule_page_requests import RULE_PAGES
from tests.integration.growth.rule_requests import RULES
from tests.integration.growth.shop_requests import SHOP
from tests.support.http.routes import Route, declared

FEW, MANY = 150, 1500
ENDED = 5  # sessions that the test ends, and every request then reads

EXAMPLES = {**API, **RULES, **RULE_PAGES, **SHOP, **OFFICE}

Costs = dict[tuple[Route, int], tuple[Ask, Cost]]


@pytest.fixture(scope="module")
def shop(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with (
        pytest.MonkeyPatch.context() as patch,
        open_shop(endpoint, tmp_path_factory.mktemp("growth")) as opened,
    ):
        patch.setattr(request_undo, "WAIT", 0.0)  # without a worker, no change is recorded
        yield opened


def costs(shop: Shop, n: int) -> Costs:
    found: Costs = {}
    for (method, path), examples in EXAMPLES.items():
        for number, ask in enumerate(examples(shop, n)):
            answer, cost = shop.cost(method, ask.path, **ask.sent)
            assert (answer.status_code >= 400) == ask.is_error, (method, ask, answer.text)
            found[(method, path), number] = (ask, cost)
    return found


def test_every_route_has_an_example(shop: Shop) -> None:
    routes = {route for route, _ in declared(shop.app)} - {("*", "/static")}
    assert routes == EXAMPLES.keys(), (
        "add an example of each new route to API, RULES, SHOP or OFFICE"
    )


def grown(few: Costs, many: Costs) -> dict[tuple[Route, int], str]:
    """The requests that cost more with many rows than with few."""
    found = {}
    for key, (ask, cost) in many.items():
        before = few[key][1]
        rows = max(before.rows, ask.rows) + ENDED
        if cost.calls > before.calls + ask.more_calls or cost.rows > rows:
            found[key] = f"{key}: {before} became {cost}"
    return found


def test_no_request_s_cost_grows_with_the_data(shop: Shop) -> None:
    shop.grow(FEW)
    few, keys, state = costs(shop, 1), shop.key_cost(), shop.state_cost()
    shop.grow(MANY)
    assert keys.calls > 0
    assert shop.key_cost().calls <= keys.calls + 1
    assert shop.key_cost().rows <= keys.rows + ENDED
    assert state.calls > 0
    assert shop.state_cost().calls <= state.calls + 1
    assert shop.state_cost().rows <= _STATUS + ENDED
    found = grown(few, costs(shop, 2))
    assert not found, "\n".join(found.values())
