"""A form goes through the models of the API, and what was typed is never lost to an error.

Browsers send text; here it becomes what JSON would have said. An edit remembers what each
field held when its page was made, so that only what a person touched is written.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ValidationError

from app.core.errors import StockpulseError
from app.store.products.model import Product
from app.web.auth.permissions import MAX_FIELDS
from app.web.errors import InvalidRequest
from app.web.requests.parameters import KEY_BYTES
from app.web.schemas.fields import Note, Reason

DETAILS = ("name", "category", "price", "reorder_point", "tags", "barcode")
PRODUCT_FIELDS = (*DETAILS, "stock")

# Refusals that one field is to blame for.
_BLAMED = {
    "product-exists": "product_id",
    "insufficient-stock": "quantity",
    "time-out-of-range": "time",
}

# After another's edit: whether it met the same fields.
_ADVICE = {
    True: "What they put stands beside your values: save to put yours in its place.",
    False: "Their changes are in this form now: save to add yours.",
}

# Fields that a form calls otherwise than the API.
_FORM_NAMES = {"delta": "quantity"}

Model = TypeVar("Model", bound=BaseModel)


async def _submitted(request: Request) -> dict[str, str]:
    async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
        return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


async def _named_product(product_id: Annotated[str, Query(alias="id")]) -> str:
    """The id in the query: a path cannot carry `..`, which other programs may use."""
    return checked_id(product_id)


Submitted = Annotated[dict[str, str], Depends(_submitted)]
NamedProduct = Annotated[str, Depends(_named_product)]


class Remark(BaseModel):
    """Why a product is edited or deleted; kept with the event."""

    reason: Reason | None = None
    note: Note | None = None


def checked_id(product_id: str) -> str:
    """The id, if DynamoDB could hold it.

    Raises:
        InvalidRequest: it could not.

    """
    if not 1 <= len(product_id.encode()) <= KEY_BYTES:
        raise InvalidRequest(f"A product's id is 1 to {KEY_BYTES} bytes long.")
    return product_id


@dataclass
class Form:
    """What was typed and what is wrong with it.

    An edit also knows what each field held when its page was made (`was`), and what others
    put there meanwhile (`current`).
    """

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    problem: str | None = None
    status: int = 200
    current: dict[str, str] = field(default_factory=dict)
    was: dict[str, str] = field(default_factory=dict)

    def read(self, model: type[Model], document: Mapping[str, Any]) -> Model | None:
        """The document as the API would take it; None, with a message a field, where not."""
        try:
            return model.model_validate(document)
        except ValidationError as error:
            self.status = 422
            for fault in error.errors(include_url=False, include_input=False):
                name = str(fault["loc"][0])
                name = _FORM_NAMES.get(name, name)
                message = str(fault["msg"]).removeprefix("Value error, ")
                self.errors.setdefault(name, message[:1].upper() + message[1:])
            return None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Turn a refusal of the store into a message of the form."""
        try:
            yield
        except StockpulseError as error:
            self.status = error.status
            if (blamed := _BLAMED.get(error.code)) is not None:
                self.errors[blamed] = error.detail
            else:
                self.problem = f"{error.title}. {error.detail}"


def text_of(product: Product) -> dict[str, str]:
    """A product's fields as an edit form shows them."""
    return {
        "name": product.name or "",
        "stock": "" if product.stock is None else str(product.stock),
        "category": product.category or "",
        "price": "" if product.price is None else format(product.price, "f"),
        "reorder_point": "" if product.reorder_point is None else str(product.reorder_point),
        "tags": ", ".join(product.tags),
        "barcode": product.barcode or "",
    }


def edit_form(product: Product) -> Form:
    """A fresh form to change a product with."""
    values = text_of(product)
    return Form({**values, "etag": product.etag}, was=values)


def submitted_edit(fields: Mapping[str, str]) -> Form:
    """The form as it came back, with what each field held when it was made."""
    was = {name: fields.get(f"was_{name}", "") for name in PRODUCT_FIELDS}
    return Form(dict(fields), was=was)


def touched(form: Form) -> list[str]:
    """The fields that a person changed."""
    return [name for name in PRODUCT_FIELDS if form.values.get(name, "") != form.was[name]]


def rebased(form: Form, product: Product) -> Form:
    """The form over the product as it is now: touched fields keep what was typed."""
    now = text_of(product)
    mine = {name: form.values.get(name, "") for name in touched(form)}
    kept = {name: form.values.get(name, "") for name in ("reason", "note")}
    both = {
        name: now[name] for name, value in mine.items() if now[name] not in {value, form.was[name]}
    }
    return Form(
        {**now, **mine, **kept, "etag": product.etag},
        problem=f"Someone else changed this product while you edited it. {_ADVICE[bool(both)]}",
        status=412,
        current=both,
        was=now,
    )


def document_of(fields: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    """Text fields as JSON values; one left empty is left out."""
    return {name: _value(name, fields[name]) for name in names if fields.get(name)}


def patch_of(form: Form) -> dict[str, Any]:
    """The touched fields as a merge patch: one emptied is null, but for the name, which must be."""
    return {
        name: _value(name, text) if (text := form.values.get(name, "")) or name == "name" else None
        for name in touched(form)
    }


def _value(name: str, text: str) -> Any:
    if name in {"stock", "reorder_point", "delta"}:
        return _whole(text)
    if name == "tags":
        return [tag for part in text.split(",") if (tag := part.strip())]
    return text


def _whole(text: str) -> int | str:
    """Digits as a number; anything else stays for the model to object to."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else text


def adjustment_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """A quantity and the button that was pressed, as the API's adjustment."""
    taken = fields.get("direction") == "-1"
    quantity = fields.get("quantity", "")
    # The button says which way: a sign of the quantity's own could only be a slip.
    delta = _whole(f"-{quantity}" if taken else quantity) if quantity.isdecimal() else quantity
    reason = fields.get("reason") or ("sold" if taken else "received")
    return {"delta": delta, "reason": reason, **document_of(fields, ("note", "reference"))}
