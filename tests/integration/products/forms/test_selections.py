"""Selected products are changed together, and what was changed is undone."""

from typing import Any

import pytest

from tests.integration.products.forms.kit import post, stock, undo
from tests.support.house import forms
from tests.support.processes.running import App


def test_selection_is_confirmed_changed_and_undone(app: App, name: str) -> None:
    for number in (1, 2, 3):
        app.create(f"{name}{number}", 5)
    selected = [f"{name}1", f"{name}2"]
    text = post(
        app, "/products/bulk", action="take", product=selected, back="/products?low=true"
    ).text
    assert "Take from 2 products" in text
    assert "5 in stock" in text
    ((_, names),) = [form for form in forms(text) if form[0].endswith("/bulk/apply")]
    assert {"action", "back", "quantity", "product"} <= set(names)
    taken = post(
        app,
        "/products/bulk/apply",
        action="take",
        quantity="2",
        reason="damaged",
        product=selected,
        back="/products?low=true",
    )
    assert taken.headers["Location"].startswith("/products?low=true&done=bulk&undo=")
    assert [stock(app, f"{name}{number}") for number in (1, 2, 3)] == [3, 3, 5]
    assert undo(app, taken).headers["Location"] == "/products?low=true&done=undone&count=2"
    assert [stock(app, f"{name}{number}") for number in (1, 2, 3)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"action": "category", "value": "Tea"}, {"category": "Tea"}),
        ({"action": "category", "value": ""}, {"category": None}),
        ({"action": "tags", "value": "new, hot"}, {"tags": ["new", "hot"]}),
        ({"action": "no_reorder", "value": "true"}, {"no_reorder": True}),
    ],
)
def test_fields_of_a_selection_are_set(
    app: App, name: str, fields: dict[str, str], changed: dict[str, Any]
) -> None:
    app.create(f"{name}1", 5, category="Old", tags=["old"])
    assert post(app, "/products/bulk/apply", **fields, product=f"{name}1").status_code == 303
    product = app.http.get(f"/v1/products/{name}1").json()
    assert {field: product[field] for field in changed} == changed


def test_result_names_what_failed_and_offers_to_undo_the_rest(app: App, name: str) -> None:
    app.create(f"{name}1", 5)
    app.create(f"{name}2", 1)
    answer = post(
        app, "/products/bulk/apply", action="take", quantity="3", product=[f"{name}1", f"{name}2"]
    )
    assert answer.status_code == 409
    assert "1 of 2 changed" in answer.text
    assert "There are only 1 in stock, so 3 cannot be removed." in answer.text
    assert 'action="/products/undo"' in answer.text
    assert (stock(app, f"{name}1"), stock(app, f"{name}2")) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"action": "take", "quantity": "1"}, 422, "No product is selected"),
        ({"action": "explode", "product": "x"}, 422, "Must be one of take, add"),
        ({"action": "take", "quantity": "many", "product": "x"}, 422, "decimal number"),
        (
            {"action": "add", "quantity": "1", "reason": "sold", "product": "x"},
            422,
            "Choose one of",
        ),
        ({"action": "tags", "value": "a, a", "product": "x"}, 422, "same tag twice"),
        (
            {"action": "take", "quantity": "1", "product": [str(n) for n in range(70)]},
            422,
            "at most 50 at a time",
        ),
    ],
)
def test_wrong_selection_says_what_is_wrong(
    app: App, fields: dict[str, Any], status: int, text: str
) -> None:
    answer = post(app, "/products/bulk/apply", **fields)
    assert answer.status_code == status
    assert text in answer.text


def test_selection_is_exported(app: App, name: str) -> None:
    for number in (1, 2):
        app.create(f"{name}{number}", number)
    answer = post(app, "/products/bulk/export", product=[f"{name}2", "none"])
    assert answer.headers["Content-Disposition"] == 'attachment; filename="products.csv"'
    lines = answer.text.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"{name}2,")
