"""A form is validated by the API's models, and an error never loses what was typed.

Browsers send text; this module turns it into JSON values. An edit form remembers what each
field held when its page was rendered, so that only the fields a person edited are written.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ValidationError

from app.core.errors import InvalidStock, StockpulseError
from app.core.events import REASONS, Reason
from app.core.keys import ID_BYTES
from app.core.numbers import digits
from app.store.products.model import Product
from app.web.auth.permissions import MAX_FIELDS
from app.web.errors import InvalidRequest
from app.web.pages.event_rows import price_text
from app.web.schemas.fields import Note

DETAILS = ("name", "category", "price", "reorder_point", "tags", "barcode", "no_reorder", "unit")
PRODUCT_FIELDS = (*DETAILS, "stock")
MOST_SELECTED = 50  # the rows of a page
_YES = "true"  # the value of a ticked box; browsers send none for an empty one

# Errors that belong to one field, by problem code.
_ERROR_FIELDS = {
    "product-exists": "product_id",
    "insufficient-stock": "quantity",
    "time-out-of-range": "time",
}

# How the stock changes, with the reasons that fit; the first is the default.
Mode = Literal["take", "add", "count"]
REASONS_OF: Mapping[Mode, tuple[Reason, ...]] = {
    "take": ("sold", "damaged", "lost", "returned", "transfer", "correction"),
    "add": ("received", "returned", "found", "transfer", "correction"),
    "count": ("counted", "correction"),
}

# Fields whose name in the form differs from the API's.
_FORM_NAMES = {"delta": "quantity", "counted": "quantity"}

Model = TypeVar("Model", bound=BaseModel)


async def _submitted(request: Request) -> dict[str, str]:
    async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
        return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


async def ticked(request: Request, field: str) -> list[str]:
    """The distinct values of a field whose boxes were ticked, in order.

    Raises:
        InvalidRequest: there are more than a page shows.

    """
    async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
        chosen = dict.fromkeys(one for one in form.getlist(field) if isinstance(one, str))
    if len(chosen) > MOST_SELECTED:
        raise InvalidRequest(f"{len(chosen)} are selected: at most {MOST_SELECTED} at a time.")
    return list(chosen)


async def _named_product(product_id: Annotated[str, Query(alias="id")]) -> str:
    """The id from the query: browsers remove `..` from paths, and other programs may use it."""
    return checked_id(product_id)


Submitted = Annotated[dict[str, str], Depends(_submitted)]
NamedProduct = Annotated[str, Depends(_named_product)]


class Remark(BaseModel):
    """Why a product is edited or deleted; recorded in the event."""

    reason: Reason | None = None
    note: Note | None = None


def checked_id(product_id: str) -> str:
    """The id, if its length is within DynamoDB's limits for keys.

    Raises:
        InvalidRequest: it is empty or too long.

    """
    if not 1 <= len(product_id.encode()) <= ID_BYTES:
        raise InvalidRequest(f"A product ID must be 1 to {ID_BYTES} bytes long.")
    return product_id


@dataclass
class Form:
    """What was typed and what is wrong with it.

    An edit form also holds what each field held when its page was rendered (`was`), and which
    fields hold something that another program wrote in another type (`mistyped`). After somebody
    else's edit, `base` is what each field held before both edits.
    """

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    problem: str | None = None
    status: int = 200
    base: dict[str, str] = field(default_factory=dict)
    was: dict[str, str] = field(default_factory=dict)
    mistyped: tuple[str, ...] = ()

    def read(self, model: type[Model], document: Mapping[str, Any]) -> Model | None:
        """The document as the API's model; None, with a message for each field, if invalid."""
        try:
            return model.model_validate(document)
        except ValidationError as error:
            self.status = 422
            for fault in error.errors(include_url=False, include_input=False):
                name = str(fault["loc"][0])
                name = _FORM_NAMES.get(name, name)
                message = str(fault["msg"]).removeprefix("Value error, ")
                self.errors.setdefault(name, _sentence(message))
            return None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Turn an error of the store into a message of the form."""
        try:
            yield
        except StockpulseError as error:
            self.status = error.status
            if (name := _ERROR_FIELDS.get(error.code)) is not None:
                self.errors[name] = error.detail
            elif isinstance(error, InvalidStock | InvalidRequest):
                (fault,) = error.extra["errors"]
                name = fault["pointer"].removeprefix("/")
                self.errors[_FORM_NAMES.get(name, name)] = _sentence(fault["detail"])
            else:
                self.problem = f"{error.title}. {error.detail}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def text_of(product: Product, price_decimals: int) -> dict[str, str]:
    """A product's fields as an edit form shows them; its price as on the other pages."""
    return {
        "name": product.name or "",
        "stock": "" if product.stock is None else digits(product.stock),
        "category": product.category or "",
        "price": price_text(product.price, price_decimals),
        "reorder_point": "" if product.reorder_point is None else digits(product.reorder_point),
        "tags": ", ".join(product.tags),
        "barcode": product.barcode or "",
        "no_reorder": _YES if product.no_reorder else "",
        "unit": product.unit or "",
    }


def edit_form(product: Product, price_decimals: int) -> Form:
    """A new form to edit the product."""
    values = text_of(product, price_decimals)
    return Form({**values, "etag": product.etag}, was=values, mistyped=product.mistyped)


def submitted_edit(fields: Mapping[str, str]) -> Form:
    """The form as submitted, with what each field held when the page was rendered."""
    was = {name: fields.get(f"was_{name}", "") for name in PRODUCT_FIELDS}
    theirs = {name: was[name] for name in was if fields.get(f"pick_{name}") == "theirs"}
    return Form({**fields, **theirs}, was=was)


def touched(form: Form) -> list[str]:
    """The fields that a person edited."""
    return [name for name in PRODUCT_FIELDS if form.values.get(name, "") != form.was[name]]


def document_of(fields: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    """Text fields as JSON values; empty ones are left out."""
    return {name: _value(name, fields[name]) for name in names if fields.get(name)}


def patch_of(form: Form) -> dict[str, Any]:
    """The edited fields as a merge patch. An emptied field is null, except the required name."""
    return {
        name: _value(name, text) if (text := form.values.get(name, "")) or name == "name" else None
        for name in touched(form)
    }


def _value(name: str, text: str) -> Any:
    if name == "no_reorder":
        return text == _YES
    if name == "tags":
        return [tag for part in text.split(",") if (tag := part.strip())]
    return text


def mode_of(text: str) -> Mode:
    """How the stock is to change; units are taken unless the text names another way."""
    return "add" if text == "add" else "count" if text == "count" else "take"


def adjustment_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """The quantity and the way the stock changes, as the API's adjustment or count.

    Raises:
        InvalidRequest: the reason does not fit, such as "sold" to add units.

    """
    mode = mode_of(fields.get("mode", ""))
    quantity = fields.get("quantity", "")
    reason = fields.get("reason") or REASONS_OF[mode][0]
    if reason in REASONS and reason not in REASONS_OF[mode]:
        fitting = ", ".join(REASONS_OF[mode])
        detail = f"does not fit “{mode}”. Choose one of {fitting}"
        errors = [{"pointer": "/reason", "detail": detail}]
        raise InvalidRequest(f"The reason {detail}.", extra={"errors": errors})
    remarks = {"reason": reason, **document_of(fields, ("note", "reference"))}
    if mode == "count":
        return {"counted": quantity, **remarks}
    # The mode sets the direction, so a sign in the quantity is an error.
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", quantity):
        quantity = ""
    return {"delta": f"-{quantity}" if mode == "take" and quantity else quantity, **remarks}
