"""The page of a draft, or the list of drafts; a scan that needs an answer asks for it here."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.stocktake.draft import MODES, REASONS, Line, Mode, totals
from app.store.stocktake.draft_errors import DraftNotFound
from app.store.stocktake.draft_rows import is_draft_id, line_id
from app.store.stocktake.draft_rules import discarded_text
from app.web.auth.permissions import needs
from app.web.pages.stocktake.lookup import MOST, meant, named
from app.web.pages.stocktake.scan import CODE_LENGTH, new_id
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

SHOWN = 100  # lines on a page
_LONGEST_AMOUNT = 40  # characters
_PARAMETERS = {"sets": "set"}  # names in the address

router = APIRouter(prefix="/stock-take", dependencies=[needs(Role.VIEWER)])


@dataclass(frozen=True, slots=True)
class Place:
    """What the page shows; `draft` may be the id of one that its first line will create.

    `code` is a scan that needs an answer, `find` how its product is looked for.
    """

    draft: str = ""
    mode: str = ""
    first: int = 0
    code: str = ""
    amount: str = ""
    sets: str = ""
    at: str = ""
    find: str = ""
    list_name: str = ""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as the page shows it. `now` is the current stock, as far as it is known."""

    line: Line
    key: str
    change: Decimal
    value: Decimal | None
    now: Decimal | None
    moved: Decimal | None
    at: datetime


@router.get("")
def take_page(
    request: Request,
    services: ServicesDep,
    draft: str = "",
    mode: str = "",
    first: Annotated[int, Query(ge=0, le=10_000)] = 0,
    code: Annotated[str, Query(max_length=CODE_LENGTH)] = "",
    amount: Annotated[str, Query(max_length=_LONGEST_AMOUNT)] = "",
    sets: Annotated[str, Query(alias="set")] = "",
    at: str = "",
    find: Annotated[str, Query(max_length=CODE_LENGTH)] = "",
    list_name: Annotated[str, Query(max_length=CODE_LENGTH)] = "",
) -> HTMLResponse:
    """A draft; without one, an empty one and the list of drafts."""
    place = Place(draft, mode, first, code, amount, sets, at, find, list_name)
    return shown(request, services, place)


@router.get("/news")
def news(
    request: Request,
    services: ServicesDep,
    draft: str,
    first: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """The page of a draft, or 304 while the draft has the version in `If-None-Match`.

    Pages ask it every few seconds for what others scan into the same list, so the usual answer
    costs one read of one row.
    """
    found = services.store.stocktakes.get(draft)
    if request.headers.get("if-none-match") == f'"{found.version}"':
        return Response(status_code=304)
    return shown(request, services, Place(draft, found.mode, first))


def shown(
    request: Request, services: Services, place: Place, error: StockpulseError | None = None
) -> HTMLResponse:
    """The page; with an error, what was typed is kept."""
    store = services.store.stocktakes
    is_begun = place.draft and not place.code and error is None
    draft = store.get(place.draft) if is_begun else store.find(place.draft)
    fresh = place.draft if draft is None and is_draft_id(place.draft) else new_id()
    if draft is not None and draft.state == "discarded":
        error = error or DraftNotFound(discarded_text(draft))
        draft = None
    lines = store.lines(draft.id) if draft else []
    wanted: Mode = next((one for one in MODES if one == place.mode), MODES[0])
    mode = draft.mode if draft else wanted
    shown_lines = lines[place.first : place.first + SHOWN]
    return render(
        request,
        "stocktake.html",
        status=200 if error is None else error.status,
        headers={} if error is None else error.headers,
        page="stocktake",
        draft=draft,
        fresh=fresh,
        scan_id=new_id(),
        mode=mode,
        modes=MODES,
        reasons=REASONS[mode],
        lines=_views(services, mode, shown_lines),
        totals=totals(lines, mode),
        first=place.first,
        more=place.first + SHOWN if len(lines) > place.first + SHOWN else None,
        most=SHOWN,
        place=place,
        asked=_asked(services, place) if place.code and error is None else None,
        most_asked=MOST,
        error=error,
        open_drafts=[] if draft else store.open_ones(),
        done_drafts=[] if draft else store.done_ones(),
        moment=datetime.fromisoformat,
    )


def _asked(services: Services, place: Place) -> Any:
    """What the answer to an unclear scan can be: the products to choose from."""
    known = meant(services, place.code)
    wanted = named(services, place.find) if place.find else []
    return {"code": place.code, "which": known, "found": wanted}


def _views(services: Services, mode: Mode, lines: Sequence[Line]) -> list[LineView]:
    now: dict[str, Decimal | None] = {}
    ids = [line.product_id for line in lines]
    with suppress(StockpulseError):  # without the read model, it is not known what has moved
        now = {one.product_id: one.stock for one in services.read_model.some(ids)} if ids else {}
    return [
        LineView(
            line,
            line_id(line.product_id),
            line.changes(mode),
            line.value(mode),
            now.get(line.product_id),
            line.moved(now.get(line.product_id)),
            datetime.fromisoformat(line.at),
        )
        for line in lines
    ]


def of_fields(fields: Mapping[str, str]) -> Place:
    """The place that a form came from."""
    return Place(
        fields.get("draft", ""),
        fields.get("mode", ""),
        code=fields.get("code", "")[:CODE_LENGTH],
        amount=fields.get("amount", "")[:_LONGEST_AMOUNT],
        sets=fields.get("set", ""),
        at=fields.get("at", ""),
        list_name=fields.get("list_name", "")[:CODE_LENGTH],
    )


def to_place(services: Services, place: Place) -> RedirectResponse:
    """Lead to the page, so that a reload does not repeat the form."""
    given = {_PARAMETERS.get(name, name): value for name, value in asdict(place).items() if value}
    query = f"?{urlencode(given)}" if given else ""
    address = f"{services.settings.base_path}/stock-take{query}"
    return RedirectResponse(address, status_code=303)


def refused(
    request: Request, services: Services, place: Place, error: StockpulseError
) -> HTMLResponse:
    """The page with the error above it, and what was typed.

    Raises:
        StockpulseError: the error, if it is the server's.

    """
    if error.status >= 500:
        raise error
    return shown(request, services, place, error)
