"""What a form did is taken back by its request id; a deleted product is restored.

The events of a request arrive some moments after it: a request to undo them waits for them.
"""

import re
import time

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from app.core import json_text
from app.core.errors import ProductNotFound, StockpulseError
from app.core.events import ChangeEvent
from app.core.roles import Role
from app.readmodel.events.event_query import EventQuery, Term
from app.web.auth.permissions import needs
from app.web.errors import ChangeNotRecorded, InvalidRequest
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.pages.forms import NamedProduct, Submitted
from app.web.pages.products.saving import back_of, done, number_in, partly_done
from app.web.pages.undo_page import explained, take_back
from app.web.requests.batches.reversal_items import ReversalItems
from app.web.requests.idempotency import Idempotency
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.responses import json_response
from app.web.requests.write_stamp import stamp_for
from app.web.services import Services

WAIT = 5.0  # seconds for the events of a request
_PAUSE = 0.1  # seconds between two looks
_MOST = 100  # writes of one request
_NEAR = 20  # entries of a product's history in which its deletion is looked for
_REQUEST_ID = re.compile(r"[0-9A-Za-z_.-]{1,100}")

router = APIRouter(prefix="/products", dependencies=[needs(Role.EDITOR, writable)])


@router.post("/undo")
async def undo(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Take back what a request did, by changes of its own."""
    request_id = fields.get("request", "")
    if not _REQUEST_ID.fullmatch(request_id):
        raise InvalidRequest("This form does not say what to undo. Go back and try again.")
    many = min(number_in(fields.get("of", "")), _MOST)
    ids = [f"{request_id}.{number}" for number in range(many)] or [request_id]
    expected = number_in(fields.get("count", "")) if many else 1
    events = await events_of(services, ids, min(expected, len(ids)))
    return await _reverse(request, services, events, fields, "undone")


@router.post("/undelete")
async def restore(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Response:
    """Create a deleted product again, as it was."""
    history = await run_in_threadpool(services.store.timeline.history, product_id, _NEAR)
    deletions = [event for event in history.items if event.kind in {"deleted", "expired"}]
    if not deletions:
        raise ProductNotFound("The history of this product has no deletion that can be taken back.")
    return await _reverse(request, services, deletions[:1], fields, "restored")


async def events_of(services: Services, ids: list[str], expected: int) -> list[ChangeEvent]:
    """The events of the requests with these ids, once there are as many as expected.

    Raises:
        ChangeNotRecorded: they have not arrived in time.
        ReadModelFilling: the read model does not have all events yet.

    """
    deadline = time.monotonic() + WAIT
    query = EventQuery(terms=(Term("request", tuple(ids)),))
    while True:
        page = await run_in_threadpool(services.read_model.events, query, 2 * _MOST, "oldest")
        # A later event with the same id repeats the first: another program wrote a copy.
        found = {event.request_id: event for _, event in reversed(page.items)}
        if found and len(found) >= expected:
            return list(found.values())
        if time.monotonic() >= deadline:
            raise ChangeNotRecorded
        await anyio.sleep(_PAUSE)


async def _reverse(
    request: Request,
    services: Services,
    events: list[ChangeEvent],
    fields: dict[str, str],
    what: str,
) -> Response:
    """Take the events back, and return to where one was, or show which failed."""
    back = fields.get("back", "")
    if len(events) == 1:
        event = events[0]
        try:
            await run_in_threadpool(
                take_back, request, services, event, Idempotency(request, None, b"")
            )
        except StockpulseError as error:
            if error.status >= 500 or "text/html" not in request.headers.get("accept", ""):
                raise  # the script shows the sentence
            return explained(request, services, error, event, back_of(services, back))
        undone = event.id if what == "undone" else ""
        return done(services, back, what, event.product_id, undone=undone)
    limits = charge(request.scope, len(events) - 1)
    request_id, stamp = request_id_of(request.scope), stamp_for(request, reason="correction")
    batch = ReversalItems(services.store, Idempotency(request, None, b""), stamp, request_id)
    ids = [event.id for event in events]
    answer = await batch.response(request, ids, batch.lanes(ids), limits)
    results = json_text.loads(bytes(answer.body))["items"]
    failed = [
        (events[one["index"]].product_id, one["problem"]) for one in results if "problem" in one
    ]
    if not failed:
        return done(services, back, what, count=len(events))
    if "text/html" not in request.headers.get("accept", ""):  # the script, which shows a sentence
        return json_response(failed[0][1], status=failed[0][1]["status"])
    return partly_done(request, services, failed, len(results), back)
