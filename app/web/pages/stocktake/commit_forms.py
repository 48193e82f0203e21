"""A commit writes the lines of a draft, some in each request, and goes on wherever it was stopped.

The page sends the form again until no line is left; without a script, a person does. Each line is
marked in the transaction of its write, so neither a lost answer nor two people write it twice.
"""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from app.core import json_text
from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.stocktake.draft import Draft, Line, State, to_commit, to_undo
from app.store.stocktake.draft_rules import committing, undoing
from app.web.auth.permissions import needs
from app.web.errors import ChangeNotRecorded, TooManyWrites
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.pages.forms import Submitted
from app.web.pages.products.request_undo import events_of
from app.web.pages.stocktake.take_page import Place, of_fields, refused, to_place
from app.web.requests.batches.item_results import ItemResults, Lane
from app.web.requests.batches.line_items import LineItems
from app.web.requests.batches.reversal_items import ReversalItems
from app.web.requests.idempotency import Idempotency
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.responses import json_response
from app.web.requests.write_stamp import actor_of, stamp_for
from app.web.services import Services

PORTION = 50  # lines that one request writes
_ARRIVED = timedelta(hours=1)  # after which the history has a change, or will never have it
_FORGOTTEN = {
    "code": "event-not-found",
    "status": 404,
    "title": "Not in the history any more",
    "detail": "Its change is too old to be taken back. Adjust the stock instead.",
}
_WAIT = {429, 503}  # such a line is tried again, by the same run

router = APIRouter(prefix="/stock-take", dependencies=[needs(Role.EDITOR, writable)])

Problems = Mapping[int, Mapping[str, Any]]  # by the number of the line


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: how many of its lines are written, failed and left."""

    lines: int
    written: int
    failed: int
    left: int


@router.post("/commit")
async def commit(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Write the next lines of the draft."""
    store, actor = services.store.stocktakes, actor_of(request)
    place = of_fields(fields)
    try:
        draft = await run_in_threadpool(
            store.change, place.draft, lambda one: committing(one, uuid.uuid4().hex, actor)
        )
        lines = await run_in_threadpool(store.lines, draft.id)
        some = to_commit(lines, draft.run)[:PORTION]
        items = LineItems(services.store.line_writer, draft, actor, request_id_of(request.scope))
        lanes: list[Lane] = [(line.product_id, [index]) for index, line in enumerate(some)]
        found = await _problems(request, items, some, lanes)
        await run_in_threadpool(_note, services, draft, some, found, {})
        return await _answer(request, services, draft)
    except StockpulseError as error:
        if not _wants_page(request):
            raise
        return await run_in_threadpool(refused, request, services, place, error)


@router.post("/undo")
async def undo(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Take back the next lines of a committed draft, by changes of their own."""
    store, actor = services.store.stocktakes, actor_of(request)
    place = of_fields(fields)
    try:
        draft = await run_in_threadpool(store.change, place.draft, lambda one: undoing(one, actor))
        lines = await run_in_threadpool(store.lines, draft.id)
        some = to_undo(lines, draft.mode, draft.run)[:PORTION]
        found: Problems = {}
        if some:
            by_request = await _changes_of(services, draft, some)
            known = [index for index, line in enumerate(some) if line.request in by_request]
            stamp = stamp_for(request, reason="correction", reference=draft.name)
            items = ReversalItems(
                services.store,
                Idempotency(request, None, b""),
                stamp,
                request_id_of(request.scope),
            )
            ids = [by_request[some[index].request] for index in known]
            problems = await _problems(request, items, ids, items.lanes(ids))
            found = dict.fromkeys({*range(len(some))} - {*known}, _FORGOTTEN) | {
                known[place]: problem for place, problem in problems.items()
            }
        await run_in_threadpool(_note, services, draft, some, found, {"undone": True})
        return await _answer(request, services, draft, undo=True)
    except StockpulseError as error:
        if not _wants_page(request):
            raise
        return await run_in_threadpool(refused, request, services, place, error)


async def _changes_of(services: Services, draft: Draft, lines: Sequence[Line]) -> dict[str, str]:
    """The ids of the lines' events, by the ids of their requests.

    Raises:
        ChangeNotRecorded: they have not arrived yet. Of a list that was committed long ago, those
            that are missing are not in the history any more, and the others are returned.

    """
    ids = [line.request for line in lines]
    try:
        events = await events_of(services, ids, len(ids))
    except ChangeNotRecorded:
        if datetime.now(UTC) - datetime.fromisoformat(draft.changed_at) < _ARRIVED:
            raise
        events = []
        with suppress(ChangeNotRecorded):
            events = await events_of(services, ids, 1)
    return {event.request_id: event.id for event in events if event.request_id is not None}


async def _problems(
    request: Request, batch: ItemResults, items: Sequence[Any], lanes: Sequence[Lane]
) -> Problems:
    """Write the items; returns what was wrong with those that failed.

    Raises:
        RateLimited: fewer requests are left than there are items.
        TooManyWrites: no item got its turn.

    """
    if not items:
        return {}
    limits = charge(request.scope, len(items) - 1)
    answer = await batch.response(request, items, lanes, limits)
    results = json_text.loads(bytes(answer.body))["items"]
    found = {one["index"]: one["problem"] for one in results if "problem" in one}
    if len(found) == len(items) and all(one["status"] in _WAIT for one in found.values()):
        detail = next(iter(found.values()))["detail"]
        raise TooManyWrites(detail, headers={"Retry-After": "2"})
    return found


def _note(
    services: Services,
    draft: Draft,
    lines: Sequence[Line],
    found: Problems,
    done: Mapping[str, Any],
) -> None:
    """Keep which lines failed, and why; `done` is what the others get."""
    for index, line in enumerate(lines):
        problem = found.get(index)
        is_done = problem is None or problem["code"] == "already-reversed"
        if is_done and done:
            services.store.stocktakes.note(draft.id, replace(line, failed="", **done))
        elif problem is not None and not is_done and problem["status"] not in _WAIT:
            text = f"{problem['title']}. {problem['detail']}"[:500]
            failed = replace(line, failed=text, failed_run=draft.run)
            services.store.stocktakes.note(draft.id, failed)


async def _answer(
    request: Request, services: Services, draft: Draft, *, undo: bool = False
) -> Response:
    """The progress for a script, or the page."""
    progress = await run_in_threadpool(_progress, services, draft, undo=undo)
    if _wants_page(request):
        return to_place(services, Place(draft.id))
    return json_response(asdict(progress))


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _progress(services: Services, draft: Draft, *, undo: bool) -> Progress:
    """How far the run is; it ends if nothing is left.

    What could not be committed stays in the draft, which is open again; what could not be taken
    back stays committed.
    """
    store = services.store.stocktakes
    lines = store.lines(draft.id)
    if undo:
        left = to_undo(lines, draft.mode, draft.run)
        missing = [one for one in lines if one.alters(draft.mode) and not one.undone]
    else:
        left = to_commit(lines, draft.run)
        missing = [one for one in lines if not one.request]
    if not left:
        ends: tuple[State, State] = ("undone", "done") if undo else ("done", "open")
        store.finish(draft, ends[bool(missing)])
    failed = sum(bool(one.failed) for one in missing)
    return Progress(len(lines), len(lines) - len(missing), failed, len(left))
