"""A form takes one change back and returns to its page, or explains why that is not possible.

The reversal is a change of its own, so it can be undone by the same form.
"""

from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import EventNotFound, StockpulseError
from app.core.events import ChangeEvent
from app.core.paths import name_in_events
from app.core.roles import Role
from app.store.idempotency import RequestKey
from app.store.products.model import Product
from app.store.products.reversal.reversal_errors import AlreadyReversed
from app.web.auth.permissions import needs
from app.web.pages.event_rows import row_of
from app.web.pages.forms import Submitted
from app.web.pages.templating import render
from app.web.requests.idempotency import Idempotency, IdempotencyDep
from app.web.requests.parameters import ServicesDep, event_ref, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import stamp_for
from app.web.services import Services

REVERSAL = "reversal"  # the action that happens once for an event
UNDONE = "undone"  # parameter of the page that the form returns to: the id of the event
_RECENT = 50  # events of the product among which its reversal is looked for

# Titles in the reader's words, by problem code; others keep their own.
_TITLES = {
    "superseded": "Changed again since",
    "counted-since": "Counted since",
    "already-reversed": "Undone already",
    "not-reversible": "This change cannot be undone",
    "insufficient-stock": "Not enough stock to undo this",
    "event-not-found": "Change not found",
}

# What an error says in the reader's words, by problem code; others keep their own.
_DETAILS = {
    "already-reversed": "This change was undone before, and that can be done once. To bring it "
    "back, undo the change that undid it.",
}

router = APIRouter(route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)])


@router.post("/undo")
def undo(
    request: Request, services: ServicesDep, fields: Submitted, idempotency: IdempotencyDep
) -> Response:
    """Take an event back, and return to the path `back`, which then has `undone` in its query.

    `event` is the id of the event. With `reversal_of` instead, the event that took that one back is
    taken back itself. A script that prefers a minimal answer gets 204 and stays where it is.
    """
    back = local_path(fields.get("back", ""), services.settings.base_path)
    event: ChangeEvent | None = None
    try:
        event = _event(services, fields)
        take_back(request, services, event, idempotency)
    except StockpulseError as error:
        if error.status >= 500:
            raise
        return explained(request, services, error, event, back)
    if request.headers.get("Prefer") == "return=minimal":
        return Response(status_code=204)
    return RedirectResponse(_with_undone(back, event.id), status_code=303)


def take_back(
    request: Request, services: Services, event: ChangeEvent, idempotency: Idempotency
) -> None:
    """Reverse one event, by a change of its own."""
    reversals = services.store.reversals
    once = idempotency.once_for_action(
        REVERSAL, event.id, _nothing, partial(reversals.already, event)
    )
    reversals.reverse(event, stamp_for(request, reason="correction", reverses=event.id), once)


def title_of(code: str, title: str) -> str:
    """The title of an error in the reader's words."""
    return _TITLES.get(code, title)


def detail_of(error: StockpulseError) -> str:
    """What the error says, in the reader's words."""
    return _DETAILS.get(error.code, error.detail)


def undone_by(services: Services, event: ChangeEvent) -> AlreadyReversed | None:
    """The error that taking the event back again would be; None if it was not taken back yet."""
    spent = partial(services.store.reversals.already, event)
    action = RequestKey("", REVERSAL, event.id, b"", "", spent)
    found = services.store.idempotency_keys.recall(action)
    return found if isinstance(found, AlreadyReversed) else None


def local_path(text: str, base: str) -> str:
    """The text if it is a path of this site, otherwise the Live page's path."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return f"{base}/"
    # Browsers read `\\` as `/`, so `/\\host` would lead to another site.
    is_ours = text.startswith(f"{base}/") and not text.startswith("//") and "\\" not in text
    if parts.scheme or parts.netloc or not is_ours or not text.isprintable():
        return f"{base}/"
    return text


def _event(services: Services, fields: dict[str, str]) -> ChangeEvent:
    """The event that the form names.

    Raises:
        EventNotFound: there is none, or its reversal has not arrived.

    """
    timeline = services.store.timeline
    if (reversed_id := fields.get("reversal_of")) is None:
        return timeline.event(event_ref(fields.get("event", "")))
    product_id, _ = event_ref(reversed_id)
    for event in timeline.history(product_id, _RECENT).items:
        if event.reverses == reversed_id:
            return event
    raise EventNotFound(
        "The change that undid it is not among the product's newest changes. If it was made just "
        "now, try again in a moment; otherwise look for it in the product's history."
    )


def explained(
    request: Request,
    services: Services,
    error: StockpulseError,
    event: ChangeEvent | None,
    back: str,
) -> HTMLResponse:
    """Say why a change cannot be undone."""
    settings = services.settings
    zone, stock = ZoneInfo(settings.timezone), name_in_events(settings.stock_attribute)
    return render(
        request,
        "undo.html",
        status=error.status,
        page="",
        title=title_of(error.code, error.title),
        detail=detail_of(error),
        conflicts=error.extra.get("conflicts", []),
        row=None if event is None else row_of(event, zone, stock),
        again=event.id if event is not None and error.code == "already-reversed" else None,
        back=back,
    )


def _with_undone(path: str, event_id: str) -> str:
    parts = urlsplit(path)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != UNDONE]
    return parts._replace(query=urlencode([*query, (UNDONE, event_id)]), fragment="").geturl()


def _nothing(_: Product | None) -> Any:
    """The response that is stored for the action; its repeats get an error instead."""
    return Response(status_code=204)
