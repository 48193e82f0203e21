"""What an import would do, row by row; what is done about it, and what became of it."""

import time
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.imports.import_check import check_columns
from app.web.imports.import_errors import ImportNotFound
from app.web.imports.import_state import BUSY, Import, Options, State
from app.web.imports.reading.cells import text_of
from app.web.imports.reading.columns import LABELS
from app.web.imports.reading.decimals import Guess
from app.web.pages.forms import Submitted
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.write_stamp import actor_of
from app.web.services import Services

# Its forms write no product themselves, so they take no turn among the writes.
router = APIRouter(prefix="/products/import", dependencies=[needs(Role.EDITOR, writable)])

PAGE = 50  # rows
_SAMPLE = 200  # characters of a cell of the first row
_PATIENCE, _PAUSE = 1.0, 0.05  # seconds for a small file, whose result can be shown at once
Show = Literal["all", "create", "change", "unchanged", "refused"]


@router.get("/preview")
def preview(
    request: Request,
    services: ServicesDep,
    import_id: Annotated[str, Query(alias="id")],
    show: Show = "all",
    after: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> HTMLResponse:
    """One import with a page of its rows."""
    return _page(request, services, import_id, show, after)


@router.post("/columns")
def choose(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Compare the file again, with the columns and the decimal mark of the form."""
    import_id = fields.get("id", "")
    found = services.imports.job(import_id).snapshot()
    columns = tuple(
        name if (name := fields.get(f"column{place}")) in LABELS else None
        for place in range(len(found.header))
    )
    if (wrong := check_columns(columns)) is not None:
        return _page(request, services, import_id, wrong=wrong, chosen=columns)
    mark = fields.get("decimal")
    decimal: Guess = "." if mark == "." else "," if mark == "," else None
    options = Options(columns, decimal, fields.get("sheet") or None, clear="clear" in fields)
    services.imports.configure(import_id, options)
    wait(services, import_id)
    return to_preview(services, import_id)


@router.post("/start")
def start(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Write the rows."""
    return _begin(request, services, fields.get("id", ""), "running")


@router.post("/undo")
def undo(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Take back what the rows have written."""
    return _begin(request, services, fields.get("id", ""), "undoing")


@router.post("/delete")
def delete(services: ServicesDep, fields: Submitted) -> Response:
    """Forget an import; the products stay as they are."""
    services.imports.drop(fields.get("id", ""))
    return RedirectResponse(f"{services.settings.base_path}/products/import", status_code=303)


def wait(services: Services, import_id: str) -> None:
    """Return when the import is not at work any more, or after a moment."""
    job = services.imports.job(import_id)
    deadline = time.monotonic() + _PATIENCE
    while job.state() in BUSY and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def to_preview(services: Services, import_id: str) -> Response:
    """Redirect to the page of an import."""
    query = urlencode({"id": import_id})
    address = f"{services.settings.base_path}/products/import/preview?{query}"
    return RedirectResponse(address, status_code=303)


def _begin(request: Request, services: Services, import_id: str, state: State) -> Response:
    try:
        services.imports.begin(import_id, state, actor_of(request))
    except ImportNotFound:
        raise
    except StockpulseError as error:
        if error.status >= 500:
            raise
        return _page(request, services, import_id, wrong=error.detail, status=error.status)
    wait(services, import_id)
    return to_preview(services, import_id)


def _page(
    request: Request,
    services: Services,
    import_id: str,
    show: Show = "all",
    after: int = 0,
    *,
    wrong: str = "",
    status: int = 422,
    chosen: tuple[str | None, ...] | None = None,
) -> HTMLResponse:
    job = services.imports.job(import_id)
    found = job.snapshot()
    rows = job.table.rows(show, after, PAGE + 1)
    return render(
        request,
        "import_preview.html",
        status=status if wrong else 200,
        page="products",
        one=found,
        busy=found.state in BUSY,
        wrong=wrong,
        tabs=_tabs(found),
        show=show,
        rows=rows[:PAGE],
        more=rows[PAGE - 1].number if len(rows) > PAGE else None,
        after=after,
        labels=LABELS,
        columns=chosen or found.columns,
        sample=[text_of(cell)[:_SAMPLE] for cell in job.table.first_cells()],
        refused=found.counts.get("refused", 0) + found.outcomes.get("refused", 0),
    )


def _tabs(found: Import) -> list[tuple[Any, str, int]]:
    """The lists of rows: key, name and number."""
    late = found.outcomes.get("refused", 0) + found.outcomes.get("kept", 0)
    counts = {**found.counts, "refused": found.counts.get("refused", 0) + late}
    counts["all"] = sum(found.counts.values())
    words = ("All", "New", "Changed", "Unchanged", "Refused")
    return [
        (key, word, counts.get(key, 0)) for key, word in zip(get_args(Show), words, strict=True)
    ]
