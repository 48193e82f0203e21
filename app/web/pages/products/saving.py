"""A saved form leads back to where one was, with what was done, and a way to undo it.

`back` is the path and query of a page of this site. `done`, `saved` and `undo` are added to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import StockpulseError
from app.store.products.barcodes import MOST_SHOWN, BarcodeCheck
from app.store.products.model import Product
from app.web.pages.sign_in_page import local_path
from app.web.pages.templating import render
from app.web.pages.undo_page import UNDONE
from app.web.services import Services

_LONGEST = 8_000  # characters of a path; browsers and proxies take about this much
_LONG_IDS = 500  # characters
_ADDED = {"done", "saved", "undo", "count", "of", "same_barcode", "barcode_unknown", UNDONE}


@dataclass(frozen=True, slots=True)
class Done:
    """What the last form did. `undo` is the request's id, `of` how many writes it had if many."""

    what: str = ""
    product_id: str = ""
    undo: str = ""
    count: int = 0
    of: int = 0
    same_barcode: tuple[str, ...] = ()
    barcode_unknown: bool = False


def done_of(request: Request) -> Done:
    """What the page's address says was done; it is shown, so it may be anything."""
    given = request.query_params
    return Done(
        given.get("done", ""),
        given.get("saved", ""),
        given.get("undo", ""),
        number_in(given.get("count", "")),
        number_in(given.get("of", "")),
        tuple(given.getlist("same_barcode"))[:MOST_SHOWN],
        "barcode_unknown" in given,
    )


def back_of(services: Services, text: str) -> str:
    """The page to return to; the list of products if the text is no path of this site."""
    base = services.settings.base_path
    is_path = len(text) <= _LONGEST and text == local_path(text, base)
    return text if is_path else f"{base}/products"


def done(
    services: Services, back: str, what: str, product_id: str = "", **details: Any
) -> Response:
    """Redirect to where one was, so that a reload does not repeat the write."""
    place = urlsplit(back_of(services, back))
    kept = [
        pair for pair in parse_qsl(place.query, keep_blank_values=True) if pair[0] not in _ADDED
    ]
    added = {"done": what, "saved": product_id, **details}
    more = [(name, value) for name, value in added.items() if value]
    query = urlencode([*kept, *more], doseq=True)
    address = f"{place.path}?{query}" + ("#saved" if product_id else "")
    return RedirectResponse(address, status_code=303)


def partly_done(
    request: Request,
    services: Services,
    failed: Sequence[tuple[str, Mapping[str, Any]]],
    of: int,
    back: str,
    undo: str = "",
) -> HTMLResponse:
    """The page of what failed: (product id, problem) each; `undo` takes back the others."""
    return render(
        request,
        "product_results.html",
        status=failed[0][1]["status"],
        page="products",
        failed=failed,
        back=back_of(services, back),
        count=of - len(failed),
        of=of,
        undo=undo,
    )


def warnings(check: BarcodeCheck) -> Mapping[str, Any]:
    """What the list warns of, for `done`."""
    same = check.result
    ids = same.product_ids
    if sum(map(len, ids)) > _LONG_IDS:  # addresses have a bound, and so have proxies
        ids = ids[:1]
    return {"same_barcode": ids} | ({} if same.known else {"barcode_unknown": 1})


def number_in(text: str) -> int:
    """The number of writes in a field; 0 if it is none."""
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def current(services: Services, product_id: str) -> Product | None:
    """The product to show with a rejected form; None, if it cannot be read."""
    try:
        return services.store.products.get(product_id)
    except StockpulseError:
        return None
