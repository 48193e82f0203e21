"""Several changes are taken back by one form; its answer says of each what became of it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.core.errors import StockpulseError
from app.core.events import ChangeEvent
from app.core.roles import Role
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.middleware.rate_limits import charge
from app.web.pages.audit.permalink import row_shown
from app.web.pages.event_rows import Row
from app.web.pages.forms import Submitted, ticked
from app.web.pages.templating import render
from app.web.pages.undo_page import REVERSAL, detail_of, local_path
from app.web.requests.idempotency import Idempotency, IdempotencyDep
from app.web.requests.parameters import ServicesDep, event_ref, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import stamp_for
from app.web.services import Services

router = APIRouter(
    prefix="/audit", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)


async def _selected(request: Request) -> list[str]:
    return sorted(await ticked(request, "event"))


Selected = Annotated[list[str], Depends(_selected)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; `problem` is why it was not taken back."""

    row: Row | None
    problem: str = ""


@router.post("/undo")
def undo_several(
    request: Request,
    services: ServicesDep,
    fields: Submitted,
    selected: Selected,
    idempotency: IdempotencyDep,
) -> Response:
    """Take back the events `event`, each on its own, those of one product newest first."""
    back = local_path(fields.get("back", ""), services.settings.base_path)
    if not selected:
        return RedirectResponse(back, status_code=303)
    limits = charge(request.scope, len(selected) - 1)
    refs = sorted((ref for ref in map(event_ref, selected)), reverse=True)
    events = services.store.timeline.events(refs)
    outcomes = [
        _undone(request, services, idempotency, number, events[ref])
        if ref in events
        else Outcome(None, "The change no longer exists.")
        for number, ref in enumerate(refs)
    ]
    return render(
        request,
        "audit_undone.html",
        headers=limits,
        page="audit",
        outcomes=outcomes,
        count=sum(not one.problem for one in outcomes),
        back=back,
    )


def _undone(
    request: Request,
    services: Services,
    idempotency: Idempotency,
    number: int,
    event: ChangeEvent,
) -> Outcome:
    reversals, row = services.store.reversals, row_shown(services, event)
    stamp = stamp_for(request, reason="correction", reverses=event.id)
    # A stamp is trusted only if its request id differs from the previous one.
    stamp = replace(stamp, request_id=f"{stamp.request_id}.{number}")
    spent, item = partial(reversals.already, event), (number, event.id.encode())
    once = idempotency.once_for_action(REVERSAL, event.id, _no_answer, spent, item)
    try:
        reversals.reverse(event, stamp, once)
    except StockpulseError as error:
        return Outcome(row, detail_of(error))
    return Outcome(row)


def _no_answer(_: Product | None) -> Response:
    return Response(status_code=204)
