"""A saved form leads back to a page of this site, and nowhere else."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.web.pages.products.saving import back_of, done

SERVICES: Any = SimpleNamespace(settings=SimpleNamespace(base_path="/shop"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "products",
        "/elsewhere",
        "//evil.example/shop/",
        "/\\evil.example",
        "https://evil.example/shop/",
        "/shop/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/shop/" + "x" * 9_000,
    ],
)
def test_anything_but_a_path_of_this_site_leads_to_the_list(text: str) -> None:
    assert back_of(SERVICES, text) == "/shop/products"


def test_saved_form_leads_back_to_its_list_and_row() -> None:
    answer = done(SERVICES, "/shop/products?q=tea&category=", "saved", "A/1", undo="r1")
    address = "/shop/products?q=tea&category=&done=saved&saved=A%2F1&undo=r1#saved"
    assert (answer.status_code, answer.headers["Location"]) == (303, address)


def test_former_confirmation_is_replaced() -> None:
    back = "/shop/products/history?id=B&done=saved&saved=A&undo=r1"
    answer = done(SERVICES, back, "bulk", count=3, of=4)
    address = "/shop/products/history?id=B&done=bulk&count=3&of=4"
    assert answer.headers["Location"] == address
