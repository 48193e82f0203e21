"""What a row of a file does to the product as it is now: create, change, nothing, or refused.

Only values that differ are checked: what another program wrote may break our rules, and an export
of it changes nothing.
"""

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from app.core.errors import StockpulseError
from app.core.item import Item
from app.core.numbers import digits
from app.store.imports.rehearsal import Rehearsal
from app.store.products.model import Product
from app.web.exports.csv_text import harmless
from app.web.exports.export_rows import encodable, products_format
from app.web.imports.import_state import Action, ImportRow
from app.web.imports.reading.columns import LABELS, NUMBERS
from app.web.imports.reading.file_errors import MOST_TEXT
from app.web.imports.reading.row_document import RowDocument
from app.web.schemas.product_ids import IDCase, check_standard
from app.web.schemas.product_models import ProductCreate, ProductPatch

_REQUIRED = {"name", "stock"}  # an empty cell never removes these
_CUT = "…"  # with which an export to a spreadsheet ends a text that is too long for a cell
_SHOWN = 60  # characters of a value in a message


class Planner:
    """Compares rows with products; `clear`: an empty cell removes the value."""

    def __init__(self, rehearsal: Rehearsal, id_case: IDCase, *, clear: bool) -> None:
        self._rehearsal = rehearsal
        self._id_case = id_case
        self._clear = clear
        self._format = products_format()

    def row(self, number: int, found: RowDocument, product_id: str, item: Item | None) -> ImportRow:
        """What the row does; `item` is the item with this id, if there is one."""
        if not product_id:
            return ImportRow(number, "", "refused", reason=found.trouble or "It has no product ID.")
        if found.faults:
            return ImportRow(number, product_id, "refused", reason=found.trouble)
        try:
            if item is None:
                return self._creation(number, found, product_id)
            product = self._rehearsal.product(item)
            if product is None:
                reason = "An item with this ID exists, but is not a product."
                return ImportRow(number, product_id, "refused", reason=reason)
            return self._change(number, found, item, product)
        except ValidationError as error:
            return ImportRow(number, product_id, "refused", reason=reasons_of(error))
        except StockpulseError as error:
            if error.status >= 500:
                raise
            return ImportRow(number, product_id, "refused", reason=error.detail)

    def _creation(self, number: int, found: RowDocument, product_id: str) -> ImportRow:
        document = {"stock": "0", **found.values, "product_id": product_id}
        body = ProductCreate.model_validate(document)
        if self._id_case != "any":  # the model has checked the rest
            try:
                check_standard(product_id, self._id_case)
            except ValueError as error:
                reason = f"Product ID: {error}."
                return ImportRow(number, product_id, "refused", reason=reason)
        self._rehearsal.creation(body.draft(product_id))
        shown = [[name, "", _shown(document[name])] for name in LABELS if name in document]
        return ImportRow(number, product_id, "create", shown[1:], document=document)

    def _change(self, number: int, found: RowDocument, item: Item, product: Product) -> ImportRow:
        stored = dict(zip(self._format.columns, self._format.cells(product), strict=True))
        document: dict[str, Any] = {}
        changes = []
        for name in found.texts.keys() - {"product_id"}:
            cell = stored[name]
            before = digits(cell) if isinstance(cell, Decimal) else cell or ""
            if name in found.values:
                value = found.values[name]
                if _is_same(name, found.texts[name], value, before, product):
                    continue
            elif self._clear and before and name not in _REQUIRED:
                if name == "no_reorder" and not product.no_reorder:
                    continue
                value = None
            else:
                continue
            document[name] = value
            changes.append([name, _shown_stored(name, before), _shown(value)])
        if not document:
            return ImportRow(number, product.product_id, "unchanged")
        if lost := _lost_zeros(product.barcode, document.get("barcode")):
            return ImportRow(number, product.product_id, "refused", reason=lost)
        self._rehearsal.change(item, ProductPatch.model_validate(document).changes())
        changes.sort(key=lambda change: list(LABELS).index(change[0]))
        action: Action = "change"
        return ImportRow(
            number, product.product_id, action, changes, etag=product.etag, document=document
        )


def reasons_of(error: ValidationError) -> str:
    """What is wrong with a row, as sentences."""
    sentences = []
    for fault in error.errors(include_url=False, include_input=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        what = str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "missing":
            what = "is missing, and a new product needs it"
        sentences.append(f"{LABELS.get(name, name)}: {what}.")
    return " ".join(dict.fromkeys(sentences))


def _lost_zeros(stored: str | None, value: Any) -> str:
    """Why a new barcode is refused that is the old one without its leading zeros."""
    if stored and isinstance(value, str) and stored != value and stored.lstrip("0") == value:
        return (
            f"Barcode: {value[:_SHOWN]} is {stored[:_SHOWN]} without its leading zeros, which "
            "spreadsheets drop. Format the column as text before you enter them."
        )
    return ""


def _is_same(name: str, text: str, value: Any, before: str, product: Product) -> bool:
    """Whether the product has the value: as a value, or as an export writes it."""
    if name in NUMBERS:
        stored = getattr(product, name)
        return stored is not None and Decimal(value) == stored
    if name == "tags" and tuple(value) == product.tags:
        return True
    if name == "no_reorder":
        return bool(value == product.no_reorder)
    exported = encodable(before)
    if text in {exported, harmless(exported)}:
        return True
    if len(text) > MOST_TEXT // 2 and text.endswith(_CUT) and exported.startswith(text[:-1]):
        return True
    return name != "tags" and _nfc(str(value)) == _nfc(exported)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
        case _:
            return str(value)


def _shown_stored(name: str, before: str) -> str:
    return {"true": "yes", "false": "no"}[before] if name == "no_reorder" else before


def lost_zeros_of(product_id: str, others: Mapping[str, Item]) -> str:
    """Why a new id is refused of which a product exists with leading zeros; empty if none does."""
    for candidate in with_zeros(product_id):
        if candidate in others:
            return (
                f"There is no product {product_id}, but there is {candidate}: spreadsheets drop "
                "leading zeros. Format the column as text before you enter the IDs."
            )
    return ""


def with_zeros(product_id: str) -> list[str]:
    """The ids that spreadsheets would turn into this one, up to the length of a GTIN."""
    longest = 14
    is_bare = product_id.isascii() and product_id.isdigit() and product_id[0] != "0"
    return [product_id.zfill(size) for size in range(len(product_id) + 1, longest + 1)] * is_bare
