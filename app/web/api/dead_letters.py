"""Dead letters over REST: read, redrive, delete; only a worker delivers them."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request, Response

from app.core.errors import IdempotencyKeyReused, InvalidCursor, LetterNotFound
from app.core.roles import Role
from app.store.dead_letters.letter import Letter
from app.web.auth.permissions import needs
from app.web.contract.refusals import refusals
from app.web.errors import InvalidRequest
from app.web.requests.idempotency import KeyedDep
from app.web.requests.parameters import KEY_BYTES, Limit, PageCursor, ServicesDep
from app.web.requests.responses import json_answer, page_answer
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.dead_letter_models import (
    ALONE,
    IN_PAGE,
    DeadLetterOut,
    DeadLetterPageOut,
    DeletedLetterOut,
    RedriveOut,
    deleted_out,
    letter_out,
    redrive_out,
)

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"], route_class=StrictRoute)

_ABSENT = refusals(LetterNotFound)


@router.get(
    "",
    response_model=DeadLetterPageOut,
    responses=refusals(InvalidCursor),
    dependencies=[needs(Role.VIEWER)],
)
def list_dead_letters(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
    sink: Annotated[str | None, Query(min_length=1, max_length=31, description="One sink.")] = None,
    product_id: Annotated[str | None, Query(min_length=1, description="One product.")] = None,
) -> Response:
    """List what sinks rejected; one product's are in the order of its events."""
    if product_id is not None and len(product_id.encode()) > KEY_BYTES:
        raise InvalidRequest(
            f"product_id must be 1 to {KEY_BYTES} bytes long.",
            extra={"errors": [{"pointer": "?product_id", "detail": "is too long"}]},
        )
    page = services.store.letters.page(limit, cursor, sink=sink, product_id=product_id)
    items = [letter_out(letter, IN_PAGE) for letter in page.items]
    return page_answer(request, items, page.next_cursor)


@router.get(
    "/{letter_id}",
    response_model=DeadLetterOut,
    responses=_ABSENT,
    dependencies=[needs(Role.VIEWER)],
)
def get_dead_letter(letter_id: str, services: ServicesDep) -> Response:
    """Read one, with its record."""
    return json_answer(letter_out(services.store.letters.get(unquote(letter_id)), ALONE))


@router.post(
    "/{letter_id}/redrive",
    status_code=202,
    response_model=RedriveOut,
    responses=_ABSENT | refusals(IdempotencyKeyReused),
    dependencies=[needs(Role.ADMIN)],
)
def redrive_dead_letter(
    letter_id: str, request: Request, services: ServicesDep, keyed: KeyedDep
) -> Response:
    """Have a worker deliver it again, perhaps behind later events of its product."""
    once = keyed.once(_due)
    return _due(services.store.letters.redrive(unquote(letter_id), actor_of(request), once))


@router.delete(
    "/{letter_id}",
    response_model=DeletedLetterOut,
    responses=_ABSENT,
    dependencies=[needs(Role.ADMIN)],
)
def delete_dead_letter(letter_id: str, request: Request, services: ServicesDep) -> Response:
    """Delete it: the sink never gets this event. The deletion is in the admin trail."""
    return json_answer(
        deleted_out(services.store.letters.delete(unquote(letter_id), actor_of(request)))
    )


def _due(letter: Letter) -> Response:
    return json_answer(redrive_out(letter), status=202)
