"""Pages offer a person only what they may do: every link opens, and no form is refused."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from app.core.roles import Role
from tests.support.house import House, forms, furnished
from tests.support.processes.running import serving, settings_for
from tests.support.waiting import until

ALIKE = 3  # links to one page that differ in their query only
DOORS = {"/sign-out", "/demo/start", "/demo/stop"}  # they would change what is crawled


@pytest.fixture(scope="module", params=[False, True], ids=["writable", "read-only"])
def shop(
    request: pytest.FixtureRequest, endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A shop with two products, one of them changed and one deleted, by another program."""
    folder = tmp_path_factory.mktemp("offered")
    with serving(settings_for(endpoint, folder)):
        pass  # a read-only deployment creates no table
    with furnished(endpoint, folder, read_only=request.param) as house:
        table = f"{house.app.services.settings.table_prefix}Products"
        for item, stock in (("P1", "3"), ("P1", "2"), ("P2", "8")):
            house.app.tables.put_item(
                TableName=table,
                Item={
                    "ProductID": {"S": item},
                    "ProductName": {"S": "Mug"},
                    "Stock": {"N": stock},
                    "ReorderPoint": {"N": "5"},
                },
            )
        house.app.tables.delete_item(TableName=table, Key={"ProductID": {"S": "P2"}})
        with house.browser(house.secrets["viewer"]) as browser:
            until(lambda: "last stock 8" in browser.get("/").text)
            until(lambda: "P1" in browser.get("/products?q=P1").text)
            until(lambda: "P1" in browser.get("/alerts").text)
        yield house


def crawled(browser: httpx.Client, start: str = "/") -> Iterator[tuple[str, httpx.Response]]:
    """Every page that can be reached by links."""
    waiting, known, alike = deque([start]), {start}, Counter[str]()
    while waiting:
        address = waiting.popleft()
        answer = browser.get(address, follow_redirects=True)
        yield address, answer
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        for link in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', answer.text):
            to = urlsplit(urljoin(address, unescape(link)))
            next_address = f"{to.path}?{to.query}" if to.query else to.path
            if to.netloc or next_address in known or alike[to.path] == ALIKE:
                continue
            known.add(next_address)
            alike[to.path] += 1
            waiting.append(next_address)


@pytest.mark.parametrize("role", Role)
def test_every_link_opens_and_no_form_is_refused(shop: House, role: Role) -> None:
    refused = []
    posted: set[str] = set()
    with shop.browser(shop.secrets[role]) as browser:
        for address, answer in crawled(browser):
            if answer.status_code >= 400:
                refused.append((address, answer.status_code))
                continue
            for action, fields in forms(answer.text):
                to = urljoin(address, action)
                if to.partition("?")[0] in DOORS | posted:
                    continue
                posted.add(to.partition("?")[0])
                sent = browser.post(to, data={"csrf_token": fields["csrf_token"]})
                if sent.status_code == 403:
                    refused.append((address, f"form to {to}"))
    assert refused == []
    may_write = role.covers(Role.EDITOR) and not shop.app.services.settings.read_only
    for path in ("/products/new", "/alerts/acknowledge", "/alerts/order", "/alerts/snooze"):
        assert (path in posted) == may_write, path
