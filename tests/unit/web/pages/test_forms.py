"""Text from browsers becomes what the API's models take, and comes back when they refuse it."""

from typing import Any

import pytest

from app.core.errors import InsufficientStock, StoreUnavailable
from app.store.products.model import Product
from app.web.errors import InvalidRequest
from app.web.pages.forms import (
    Form,
    adjustment_of,
    checked_id,
    document_of,
    edit_form,
    patch_of,
    rebased,
    submitted_edit,
    touched,
)
from app.web.schemas.product_models import AdjustmentRequest, ProductCreate, ProductPatch


def product(**fields: Any) -> Product:
    given: dict[str, Any] = {
        "product_id": "P1",
        "name": "Tea",
        "stock": 5,
        "category": None,
        "price": None,
        "reorder_point": None,
        "tags": ("a, b",),
        "barcode": None,
        "attributes": {},
        "version": 1,
        "created_at": None,
        "updated_at": None,
        "etag": '"d.c"',
    }
    return Product(**{**given, **fields})


def came_back(of: Product, **typed: str) -> Form:
    """The edit form of a product as a browser sends it, with some fields typed over."""
    form = edit_form(of)
    hidden = {f"was_{name}": value for name, value in form.was.items()}
    return submitted_edit({**form.values, **hidden, **typed})


def test_text_becomes_what_json_would_have_said() -> None:
    fields = {"product_id": "P1", "name": "Tea", "stock": "12", "price": "9.90", "tags": "a, ,b"}
    document = document_of(fields, tuple(fields))
    assert document == {
        "product_id": "P1",
        "name": "Tea",
        "stock": 12,
        "price": "9.90",
        "tags": ["a", "b"],
    }
    assert Form(fields).read(ProductCreate, document) is not None


def test_each_bad_field_has_its_message_and_nothing_is_lost() -> None:
    fields = {"product_id": "../x", "stock": "1.5", "price": "cheap"}
    form = Form(fields)
    assert form.read(ProductCreate, document_of(fields, tuple(fields))) is None
    assert form.status == 422
    assert set(form.errors) == {"product_id", "name", "stock", "price"}
    assert form.errors["name"] == "Field required"
    assert form.values == fields


@pytest.mark.parametrize("text", ["-+5", "+-5", "1e3", "٣", "5 0", "9" * 30, "--1"])
def test_odd_digits_are_left_for_the_model_to_refuse(text: str) -> None:
    form = Form({})
    assert form.read(ProductPatch, document_of({"stock": text}, ("stock",))) is None
    assert set(form.errors) == {"stock"}


def test_only_touched_fields_are_written() -> None:
    form = came_back(product(), name="Green tea")
    assert touched(form) == ["name"]
    assert patch_of(form) == {"name": "Green tea"}


def test_an_emptied_field_is_removed_but_a_name_must_be() -> None:
    of = product(category="Drinks", tags=("x",))
    assert patch_of(came_back(of, category="", tags="")) == {"category": None, "tags": None}
    form = came_back(of, name="")
    assert form.read(ProductPatch, patch_of(form)) is None
    assert set(form.errors) == {"name"}


def test_a_form_made_before_a_sale_does_not_write_the_stock() -> None:
    assert "stock" not in patch_of(came_back(product(stock=5), category="Drinks"))


def test_over_anothers_edit_mine_stays_beside_theirs_and_the_rest_follows() -> None:
    form = came_back(product(), name="Mine", note="why")
    theirs = product(name="Theirs", category="New", etag='"e.c"')
    form = rebased(form, theirs)
    assert form.status == 412
    assert form.values["name"] == "Mine"
    assert form.current == {"name": "Theirs"}
    assert form.values["category"] == "New"
    assert form.values["etag"] == '"e.c"'
    assert form.values["note"] == "why"
    assert patch_of(submitted_edit({**form.values, **_hidden(form)})) == {"name": "Mine"}


def test_anothers_edit_of_other_fields_only_is_no_choice_to_make() -> None:
    form = rebased(came_back(product(), price="2.5"), product(name="Theirs", etag='"e.c"'))
    assert form.current == {}
    assert "save to add yours" in str(form.problem)
    assert (form.values["name"], form.values["price"]) == ("Theirs", "2.5")


def test_the_same_edit_by_another_is_no_conflict_to_show() -> None:
    form = rebased(came_back(product(), name="Same"), product(name="Same", etag='"e.c"'))
    assert form.current == {}
    assert touched(form) == []


@pytest.mark.parametrize(
    ("fields", "delta", "reason"),
    [
        ({"quantity": "3", "direction": "-1"}, -3, "sold"),
        ({"quantity": "3", "direction": "1"}, 3, "received"),
        ({"quantity": "3", "direction": "-1", "reason": "lost"}, -3, "lost"),
    ],
)
def test_the_button_says_which_way(fields: dict[str, str], delta: int, reason: str) -> None:
    body = Form(fields).read(AdjustmentRequest, adjustment_of(fields))
    assert body is not None
    assert (body.delta, body.reason) == (delta, reason)


@pytest.mark.parametrize("quantity", ["", "0", "-3", "1.5", "²"])
def test_a_quantity_is_a_count(quantity: str) -> None:
    fields = {"quantity": quantity, "direction": "-1"}
    form = Form(fields)
    assert form.read(AdjustmentRequest, adjustment_of(fields)) is None
    assert set(form.errors) == {"quantity"}


def test_a_refusal_stands_at_the_field_to_blame_or_above_the_form() -> None:
    form = Form({})
    with form.attempt():
        raise InsufficientStock("Only 2 in stock, so 3 cannot be taken.")
    assert form.status == 409
    assert form.errors["quantity"].startswith("Only 2")
    with form.attempt():
        raise StoreUnavailable("DynamoDB did not answer.")
    assert form.status == 503
    assert form.problem == "The database is unavailable. DynamoDB did not answer."


@pytest.mark.parametrize("product_id", ["", "x" * 2049, "ü" * 1025])
def test_an_id_that_dynamodb_cannot_hold_is_refused(product_id: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_id(product_id)


def _hidden(form: Form) -> dict[str, str]:
    return {f"was_{name}": value for name, value in form.was.items()}
