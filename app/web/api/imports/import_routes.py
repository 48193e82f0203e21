"""An import over REST: send the file, read what it would do, start it, follow it, take it back."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.types import DecoratedCallable

from app.core.errors import IdempotencyKeyReused, InvalidCursor
from app.core.roles import Role
from app.web.api.imports.import_models import (
    ImportListOut,
    ImportOut,
    ImportRowsOut,
    import_out,
    row_out,
)
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.imports.import_errors import ImportNotFound, ImportNotReady
from app.web.imports.import_state import Import, State
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import Limit, PageCursor, ServicesDep, writable
from app.web.requests.responses import json_response, page_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=StrictRoute)

_EDITOR = [needs(Role.EDITOR)]

ImportID = Annotated[str, Path(description="The import's id.")]
Show = Literal["all", "create", "change", "unchanged", "refused"]


@router.get(
    "", response_model=ImportListOut, response_description="The imports.", dependencies=_EDITOR
)
def list_imports(services: ServicesDep) -> Response:
    """List imports.

    Newest first, those of this server process.
    """
    items = [import_out(one) for one in services.imports.all()]
    return json_response({"items": items, "next_cursor": None})


@router.get(
    "/{import_id}",
    response_model=ImportOut,
    response_description="The import.",
    dependencies=_EDITOR,
    responses=error_responses(ImportNotFound),
)
def get_import(import_id: ImportID, services: ServicesDep) -> Response:
    """Retrieve an import's progress."""
    return json_response(import_out(services.imports.job(import_id).snapshot()))


@router.get(
    "/{import_id}/rows",
    response_model=ImportRowsOut,
    response_description="A page of rows.",
    dependencies=_EDITOR,
    responses=error_responses(ImportNotFound, InvalidCursor),
)
def list_import_rows(
    import_id: ImportID,
    request: Request,
    services: ServicesDep,
    show: Annotated[Show, Query(description="Only rows that do this.")] = "all",
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List an import's rows.

    What each row does, and what became of it.
    """
    after = 0 if cursor is None else _number(cursor)
    rows = services.imports.job(import_id).table.rows(show, after, limit + 1)
    following = str(rows[limit - 1].number) if len(rows) > limit else None
    return page_response(request, [row_out(row) for row in rows[:limit]], following)


Begin = Callable[[State], Response]


async def _beginning(
    import_id: ImportID, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Begin:
    """What begins the work on an import, once for an idempotency key."""

    def begun(found: Import) -> Response:
        return json_response(import_out(found), status=202)

    def begin(state: State) -> Response:
        once = idempotency.once(begun)
        if once is not None:
            once.recall()
        found = services.imports.begin(import_id, state, actor_of(request))
        if once is not None:
            once.record(found)
        return begun(found)

    return begin


BeginDep = Annotated[Begin, Depends(_beginning)]


def _action(name: str, outcome: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """The decorator of a route that begins work; `outcome` describes its response."""
    return router.post(
        f"/{{import_id}}/{name}",
        status_code=202,
        response_model=ImportOut,
        response_description=outcome,
        dependencies=[needs(Role.EDITOR, writable)],
        responses=error_responses(ImportNotFound, ImportNotReady, IdempotencyKeyReused),
    )


@_action("start", "The import is started.")
def start_import(begin: BeginDep) -> Response:
    """Start an import.

    Writes the rows that create or change a product, as one batch that can be taken back.
    """
    return begin("running")


@_action("undo", "The import is being taken back.")
def undo_import(begin: BeginDep) -> Response:
    """Undo an import.

    Takes back what each row has written, by changes of its own. A product that was changed again
    since is left as it is, and its row says so. Rows that were left can be tried again.
    """
    return begin("undoing")


@router.delete(
    "/{import_id}",
    status_code=204,
    response_description="The import was deleted.",
    dependencies=_EDITOR,
    responses=error_responses(ImportNotFound, ImportNotReady),
)
def delete_import(import_id: ImportID, services: ServicesDep) -> Response:
    """Delete an import.

    Products stay as they are, and the import cannot be taken back as one any more.
    """
    services.imports.drop(import_id)
    return Response(status_code=204)


def _number(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise InvalidCursor("Send the `next_cursor` of the previous page, unchanged.")
    return int(cursor)
