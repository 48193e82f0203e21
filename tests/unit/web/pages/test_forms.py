"""Form text becomes input for the API's models, and is shown again if they reject it."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.errors import InsufficientStock, StoreUnavailable
from app.core.keys import ID_BYTES
from app.store.products.model import Product
from app.web.errors import InvalidRequest
from app.web.pages.forms import (
    Form,
    adjustment_of,
    checked_id,
    document_of,
    edit_form,
    patch_of,
    submitted_edit,
    touched,
)
from app.web.schemas.product_models import AdjustmentRequest, ProductCreate, ProductPatch


def product(etag: str = '"d.c"', **fields: Any) -> Product:
    given: dict[str, Any] = {
        "product_id": "P1",
        "name": "Tea",
        "stock": 5,
        "category": None,
        "price": None,
        "reorder_point": None,
        "tags": ("a, b",),
        "barcode": None,
        "no_reorder": False,
        "unit": None,
        "attributes": {},
        "version": 1,
        "created_at": None,
        "updated_at": None,
        "make_etag": lambda: etag,
    }
    return Product(**{**given, **fields})


def submitted(of: Product, **typed: str) -> Form:
    """The edit form of a product as a browser submits it, with some fields edited."""
    form = edit_form(of, price_decimals=2)
    hidden = {f"was_{name}": value for name, value in form.was.items()}
    return submitted_edit({**form.values, **hidden, **typed})


def test_form_text_becomes_json_values() -> None:
    fields = {"product_id": "P1", "name": "Tea", "stock": "12", "price": "9.90", "tags": "a, ,b"}
    document = document_of(fields, tuple(fields))
    assert document == {
        "product_id": "P1",
        "name": "Tea",
        "stock": "12",
        "price": "9.90",
        "tags": ["a", "b"],
    }
    assert Form(fields).read(ProductCreate, document) is not None


def test_each_invalid_field_has_a_message_and_input_is_kept() -> None:
    fields = {"product_id": "../x", "stock": "a few", "price": "cheap"}
    form = Form(fields)
    assert form.read(ProductCreate, document_of(fields, tuple(fields))) is None
    assert form.status == 422
    assert set(form.errors) == {"product_id", "name", "stock", "price"}
    assert form.errors["name"] == "Field required"
    assert form.values == fields


@pytest.mark.parametrize("text", ["-+5", "+-5", "1e3", "٣", "5 0", "9" * 30, "--1"])
def test_text_that_is_not_ascii_digits_is_rejected_by_the_model(text: str) -> None:
    form = Form({})
    assert form.read(ProductPatch, document_of({"stock": text}, ("stock",))) is None
    assert set(form.errors) == {"stock"}


def test_only_edited_fields_are_written() -> None:
    form = submitted(product(), name="Green tea")
    assert touched(form) == ["name"]
    assert patch_of(form) == {"name": "Green tea"}


def test_price_is_edited_as_pages_show_it() -> None:
    form = submitted(product(price=Decimal("15.9")), category="Drinks")
    assert form.values["price"] == "15.90"
    assert "price" not in patch_of(form)


def test_emptied_field_is_removed_but_name_is_required() -> None:
    of = product(category="Drinks", tags=("x",))
    assert patch_of(submitted(of, category="", tags="")) == {"category": None, "tags": None}
    form = submitted(of, name="")
    assert form.read(ProductPatch, patch_of(form)) is None
    assert set(form.errors) == {"name"}


def test_form_rendered_before_a_sale_does_not_write_the_stock() -> None:
    assert "stock" not in patch_of(submitted(product(stock=5), category="Drinks"))


@pytest.mark.parametrize(
    ("fields", "delta", "reason"),
    [
        ({"quantity": "3", "mode": "take"}, -3, "sold"),
        ({"quantity": "3", "mode": "add"}, 3, "received"),
        ({"quantity": "3", "mode": "take", "reason": "lost"}, -3, "lost"),
    ],
)
def test_mode_sets_the_sign_of_the_adjustment(
    fields: dict[str, str], delta: int, reason: str
) -> None:
    body = Form(fields).read(AdjustmentRequest, adjustment_of(fields))
    assert body is not None
    assert (body.delta, body.reason) == (delta, reason)


@pytest.mark.parametrize("quantity", ["", "0", "-3", "+3", "1e3", "²"])
def test_quantity_must_be_a_positive_number(quantity: str) -> None:
    fields = {"quantity": quantity, "mode": "take"}
    form = Form(fields)
    assert form.read(AdjustmentRequest, adjustment_of(fields)) is None
    assert set(form.errors) == {"quantity"}


@pytest.mark.parametrize(
    ("mode", "reason"), [("add", "sold"), ("add", "damaged"), ("take", "received")]
)
def test_reason_that_does_not_fit_is_an_error_of_its_field(mode: str, reason: str) -> None:
    form = Form({"quantity": "3", "mode": mode, "reason": reason})
    with form.attempt():
        adjustment_of(form.values)
    assert form.status == 422
    assert form.errors["reason"].startswith(f"Does not fit “{mode}”. Choose one of ")


def test_count_is_the_new_stock() -> None:
    document = adjustment_of({"quantity": "7", "mode": "count", "note": "shelf"})
    assert document == {"counted": "7", "reason": "counted", "note": "shelf"}


def test_store_error_is_shown_at_its_field_or_above_the_form() -> None:
    form = Form({})
    with form.attempt():
        raise InsufficientStock("Only 2 in stock, so 3 cannot be taken.")
    assert form.status == 409
    assert form.errors["quantity"].startswith("Only 2")
    with form.attempt():
        raise StoreUnavailable("DynamoDB did not answer.")
    assert form.status == 503
    assert form.problem == "The database is unavailable. DynamoDB did not answer."


@pytest.mark.parametrize("product_id", ["", "x" * (ID_BYTES + 1), "ü" * ID_BYTES])
def test_id_beyond_the_key_limits_of_dynamodb_is_rejected(product_id: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_id(product_id)


def _hidden(form: Form) -> dict[str, str]:
    return {f"was_{name}": value for name, value in form.was.items()}
