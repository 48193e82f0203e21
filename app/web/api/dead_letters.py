"""Dead letters over REST: read, redrive and delete them; only a worker delivers them."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Path, Query, Request, Response

from app.core.errors import IdempotencyKeyReused, InvalidCursor
from app.core.keys import ID_BYTES
from app.core.roles import Role
from app.store.dead_letters.letter import Letter
from app.store.sinks.sink_errors import LetterNotFound
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import InvalidRequest
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import Limit, PageCursor, ServicesDep
from app.web.requests.responses import json_response, page_response
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

LetterID = Annotated[str, Path(description="The dead letter's id.")]

_NOT_FOUND = error_responses(LetterNotFound)


@router.get(
    "",
    response_model=DeadLetterPageOut,
    response_description="A page of dead letters.",
    responses=error_responses(InvalidCursor),
    dependencies=[needs(Role.VIEWER)],
)
def list_dead_letters(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
    sink: Annotated[
        str | None,
        Query(min_length=1, max_length=31, description="Return only dead letters of this sink."),
    ] = None,
    product_id: Annotated[
        str | None, Query(min_length=1, description="Return only dead letters of this product.")
    ] = None,
) -> Response:
    """List dead letters.

    Returns the events that sinks rejected, and the stream records that could not be audited.
    The dead letters of one product are in the order of its events.
    """
    if product_id is not None and len(product_id.encode()) > ID_BYTES:
        raise InvalidRequest(
            f"product_id must be 1 to {ID_BYTES} bytes long.",
            extra={"errors": [{"pointer": "?product_id", "detail": "is too long"}]},
        )
    page = services.store.letters.page(limit, cursor, sink=sink, product_id=product_id)
    most = IN_PAGE if _sees_records(request) else 0
    items = [letter_out(letter, most) for letter in page.items]
    return page_response(request, items, page.next_cursor)


@router.get(
    "/{letter_id}",
    response_model=DeadLetterOut,
    response_description="The dead letter.",
    responses=_NOT_FOUND,
    dependencies=[needs(Role.VIEWER)],
)
def get_dead_letter(request: Request, letter_id: LetterID, services: ServicesDep) -> Response:
    """Retrieve a dead letter.

    For admins, the response contains the raw stream record of an `audit` letter, up to 64 KB.
    """
    most = ALONE if _sees_records(request) else 0
    return json_response(letter_out(services.store.letters.get(unquote(letter_id)), most))


@router.post(
    "/{letter_id}/redrive",
    status_code=202,
    response_model=RedriveOut,
    response_description="The dead letter is marked; a worker delivers it soon.",
    responses=_NOT_FOUND | error_responses(IdempotencyKeyReused),
    dependencies=[needs(Role.ADMIN)],
)
def redrive_dead_letter(
    letter_id: LetterID, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Redrive a dead letter.

    A worker delivers the event again, possibly after later events of the same product.
    """
    once = idempotency.once(_due)
    return _due(services.store.letters.redrive(unquote(letter_id), actor_of(request), once))


@router.delete(
    "/{letter_id}",
    response_model=DeletedLetterOut,
    response_description="The dead letter was deleted.",
    responses=_NOT_FOUND,
    dependencies=[needs(Role.ADMIN)],
)
def delete_dead_letter(letter_id: LetterID, request: Request, services: ServicesDep) -> Response:
    """Delete a dead letter.

    The sink never receives this event. The deletion is recorded in the admin log.
    """
    return json_response(
        deleted_out(services.store.letters.delete(unquote(letter_id), actor_of(request)))
    )


def _sees_records(request: Request) -> bool:
    """Whether the caller may see raw records: they can hold items that are no products.

    A table may be shared, and a record that could not be decoded may be of anything in it. Products
    and events, which viewers read, never show such items.
    """
    return identity_of(request).role.covers(Role.ADMIN)


def _due(letter: Letter) -> Response:
    return json_response(redrive_out(letter), status=202)
