"""A scan is a code with a quantity. Pure.

The scan box takes `4006381333931`, `12*4006381333931`, an id, a name, and `=12` for the last line.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.core.item import MAX_STOCK
from app.core.numbers import places, total
from app.store.stocktake.draft import Mode
from app.store.stocktake.draft_errors import InvalidDraft
from app.web.schemas.fields import moment

CODE_LENGTH = 200  # characters
_TIMES = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?[*\u00d7] ?(\S.*)")
_LAST = re.compile(r"= ?([0-9]+(?:[.,][0-9]+)?)")
_AMOUNT = re.compile(r"[0-9]*[.,]?[0-9]+")
_SCAN_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_MOST_PLACES = 6
_LONGEST_WAIT = 10  # digits of milliseconds


@dataclass(frozen=True, slots=True)
class Scan:
    """What was scanned or typed, and when.

    `product` is the id of a product that was chosen on the page, where the code alone did not say
    which. `sets`: the amount replaces that of the line, instead of being added to it. `last`: it is
    for the newest line. `id` is the same if the scan is sent again.
    """

    code: str
    product: str
    amount: Decimal
    sets: bool
    last: bool
    at: datetime | None
    id: str


def scan_of(fields: Mapping[str, str], now: datetime) -> Scan:
    """The scan in a form: it was made `at` a time, or has `waited` so many milliseconds.

    Raises:
        InvalidDraft: says which field is not valid.

    """
    code, sets, last = fields.get("code", ""), fields.get("set") == "1", False
    typed = fields.get("amount", "") or "1"
    if found := _LAST.fullmatch(code):
        typed, code, sets, last = found[1], "", True, True
    elif found := _TIMES.fullmatch(code):
        typed, code = found[1], found[2]
    if len(code) > CODE_LENGTH:
        raise InvalidDraft(f"A code has at most {CODE_LENGTH} characters.")
    product = fields.get("product", "")
    if not code and not product and not last:
        raise InvalidDraft("Scan a barcode, or type an ID or a name.")
    scan_id = fields.get("scan", "")
    if scan_id and not _SCAN_ID.fullmatch(scan_id):
        raise InvalidDraft("Reload the page: the form has no valid number for this scan.")
    return Scan(code, product, amount_of(typed), sets, last, _made(fields, now), scan_id)


def amount_of(typed: str) -> Decimal:
    """A quantity as people type it, with a point or a comma.

    Raises:
        InvalidDraft: it is no number, or too large.

    """
    if len(typed) > 30 or not _AMOUNT.fullmatch(typed):
        raise InvalidDraft("The quantity must be a number, such as 12 or 0.5.")
    amount = Decimal(typed.replace(",", "."))
    if amount > MAX_STOCK or places(amount) > _MOST_PLACES:
        raise InvalidDraft(f"The quantity must be at most {MAX_STOCK}, with 6 decimal places.")
    return amount


def amount_after(scan: Scan, before: Decimal | None, mode: Mode) -> Decimal:
    """The amount of a line after the scan; `before`: None without a line.

    Raises:
        InvalidDraft: the mode has no such amount.

    """
    amount = scan.amount if scan.sets or before is None else total(before, scan.amount)
    if amount == 0 and mode != "count":
        raise InvalidDraft("The quantity must not be 0. To leave out a product, remove its line.")
    if amount > MAX_STOCK:
        raise InvalidDraft(f"The quantity must be at most {MAX_STOCK}.")
    return amount


def new_id() -> str:
    """An id for a draft that is not created yet, or for a scan."""
    return secrets.token_hex(8)


def _made(fields: Mapping[str, str], now: datetime) -> datetime | None:
    """When the scan was made; None: now. A waiting time does not depend on the browser's clock."""
    if waited := fields.get("waited", ""):
        if not waited.isdecimal() or len(waited) > _LONGEST_WAIT:
            raise InvalidDraft("Reload the page: it does not say how long the scan has waited.")
        return now - timedelta(milliseconds=int(waited))
    try:
        return moment(at) if (at := fields.get("at", "")) else None
    except ValueError as error:
        raise InvalidDraft(f"The time of the scan {error}.") from None
