"""Searches of products are saved, shown, replaced and deleted on their list, and over REST."""

import re
from html import unescape

import pytest

from tests.support.house import HTML
from tests.support.processes.running import App

LIST = "/products?q=%C3%BCber+%3Cb%3E&low=true&sort=-stock"


def save(app: App, name: str, q: str, **more: str) -> tuple[int, str]:
    answer = app.http.post("/products/views", data={"name": name, "q": q, **more}, headers=HTML)
    return answer.status_code, answer.headers.get("Location") or answer.text


def shown_q(text: str) -> str:
    """What the form of the page would save."""
    (q,) = re.findall(r'name="q" value="([^"]*)"\s*>\s*<input name="name"', text)
    return unescape(q)


def test_a_list_is_saved_shown_replaced_and_deleted(shared: App) -> None:
    text = shared.http.get(LIST, headers=HTML).text
    assert "Save this search" in text
    assert save(shared, "Über low", shown_q(text)) == (303, LIST)
    text = shared.http.get(LIST, headers=HTML).text
    assert f'href="{LIST.replace("&", "&amp;")}" aria-current="page"><bdi>Über low</bdi>' in text
    assert "Save this search" not in text
    assert "notifications/new?view=%C3%9Cber%20low" in text
    plain = shared.http.get("/products", headers=HTML).text
    assert "<bdi>Über low</bdi>" in plain
    assert "Save this search" not in plain

    status, refused = save(shared, "Über low", "out=true")
    assert status == 409
    assert "exists already" in refused
    assert 'value="Über low"' in refused
    assert save(shared, "Über low", "out=true", replace="yes") == (303, "/products?out=true")

    view = shared.http.get("/v1/views/Über low").json()
    assert view == {"name": "Über low", "kind": "products", "q": "out=true", "order": "newest"}
    assert "Über low" not in shared.http.get("/audit", headers=HTML).text
    assert shared.http.get("/audit?view=Über low", headers=HTML).status_code == 404
    trail = shared.http.get("/v1/admin/log").json()["items"][0]
    assert (trail["before"]["q"], trail["after"]["kind"]) == (shown_q_of(LIST), "products")

    gone = shared.http.post("/products/views/delete", data={"name": "Über low"}, headers=HTML)
    assert (gone.status_code, gone.headers["Location"]) == (303, "/products?out=true")
    assert "<bdi>Über low</bdi>" not in shared.http.get("/products", headers=HTML).text


def shown_q_of(path: str) -> str:
    return path.partition("?")[2]


@pytest.mark.parametrize(
    ("q", "says"),
    [
        ("supplier=Acme", "cannot have 'supplier'"),
        ("low=maybe", "`true` or `false`"),
        ("sort=weight", "cannot be sorted by 'weight'"),
        ("min_stock=lots", "plain decimal number"),
        ("q=" + "x" * 499, "at most 500 characters"),
    ],
)
def test_what_is_no_search_of_products_is_not_saved(shared: App, q: str, says: str) -> None:
    answer = shared.http.put("/v1/views/Wrong", json={"kind": "products", "q": q})
    assert answer.status_code == 422
    assert says in answer.text or "500" in answer.text
    status, text = save(shared, "Wrong", q)
    assert status == 422
    assert 'role="alert"' in text
    assert shared.http.get("/v1/views/Wrong").status_code == 404


def test_a_search_of_events_is_not_taken_for_a_list(shared: App) -> None:
    shared.http.put("/v1/views/Sales", json={"q": "reason:sold"}).raise_for_status()
    assert "<bdi>Sales</bdi>" not in shared.http.get("/products", headers=HTML).text
    gone = shared.http.post("/products/views/delete", data={"name": "Sales"}, headers=HTML)
    assert gone.status_code == 404
    assert shared.http.delete("/v1/views/Sales").status_code == 204
