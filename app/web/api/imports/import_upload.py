"""A file is received as the body of a request, piece by piece, and compared in the background."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.core.errors import IdempotencyKeyReused
from app.core.roles import Role
from app.web.api.imports.import_models import ImportOut, import_out
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import InvalidRequest, UnsupportedMediaType
from app.web.imports.import_check import check_columns
from app.web.imports.import_errors import TooManyImports
from app.web.imports.import_job import ImportJob
from app.web.imports.import_state import Import, Options
from app.web.imports.reading.columns import LABELS
from app.web.requests.idempotency import Idempotency, IdempotencyKey, check_key
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import turn_of
from app.web.requests.responses import json_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.services import Services

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=StrictRoute)

_NOT_A_FILE = ("multipart/form-data", "application/x-www-form-urlencoded", "application/json")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself: CSV, or a spreadsheet (XLSX). Its first row names the "
        "columns. At most 20 MB, 100,000 rows and 200 columns.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
        },
    }
}


async def _file_body(request: Request) -> None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in _NOT_A_FILE or "content-encoding" in request.headers:
        raise UnsupportedMediaType(
            "Send the file itself as the body, without Content-Encoding: curl --data-binary "
            "@products.csv -H 'Content-Type: text/csv' …"
        )


@router.post(
    "",
    status_code=202,
    response_model=ImportOut,
    response_description="The file is received.",
    dependencies=[needs(Role.EDITOR, writable, _file_body)],
    responses=error_responses(TooManyImports, IdempotencyKeyReused),
    openapi_extra=_BODY,
)
async def create_import(
    request: Request,
    services: ServicesDep,
    filename: Annotated[
        str, Query(max_length=200, description="The file's name, for people.")
    ] = "file",
    column: Annotated[
        list[str] | None,
        Query(
            description="A column's name and the field that it fills, such as `Artikelnr.="
            "product_id`; without a field, it is left out. With any of these, columns that are "
            "not named are left out. By default, the fields are guessed from the names."
        ),
    ] = None,
    decimal: Annotated[
        Literal[".", ","] | None,
        Query(description="The decimal mark of the file's numbers; guessed by default."),
    ] = None,
    sheet: Annotated[
        str | None,
        Query(max_length=200, description="The sheet; by default the first visible one."),
    ] = None,
    *,
    clear: Annotated[
        bool, Query(description="Whether an empty cell removes the value; else it stays.")
    ] = False,
    start: Annotated[
        bool, Query(description="Whether to import it as soon as it was compared.")
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Import a file.

    Compares each row with its product in the background; nothing is written before the import is
    started. Its progress is at `Location`. A row is refused if its product has changed since it
    was compared; others are not affected.
    """
    check_key(request)
    named = _named(column or [])
    options = Options(decimal=decimal, sheet=sheet, clear=clear)
    upload = await run_in_threadpool(services.imports.receive)
    try:
        async for piece in request.stream():
            upload.write(piece)
        content = Idempotency(request, idempotency_key, upload.hash.digest())
        actor = actor_of(request)
        make = partial(
            services.imports.made, upload, filename, actor, options, starts=start, named=named
        )
        async with turn_of(request, f"imports of {actor}"):  # repeats wait for the first
            return await run_in_threadpool(_create, request, services, make, content)
    finally:
        await run_in_threadpool(upload.discard)


def _create(
    request: Request, services: Services, make: Callable[[], ImportJob], idempotency: Idempotency
) -> Response:
    def received(found: Import) -> Response:
        headers = {"Location": f"{request.scope.get('root_path', '')}/v1/imports/{found.id}"}
        return json_response(import_out(found), status=202, headers=headers)

    once = idempotency.once(received)
    if once is not None:
        once.recall()
    job = make()
    found = job.snapshot()
    if once is not None:
        try:
            once.record(found)
        except BaseException:
            job.remove()
            raise
    services.imports.admit(job)
    return received(found)


def _named(columns: list[str]) -> dict[str, str] | None:
    """The field of each column, by the column's name; None: guess them.

    Raises:
        InvalidRequest: a text is not `name=field`, or a field is unknown or named twice.

    """
    named = {}
    for text in columns:
        name, sign, field = text.rpartition("=")
        if not sign or (field and field not in LABELS):
            raise _invalid(f"must be a column's name, `=`, and one of {', '.join(LABELS)}")
        named[name] = field
    if (wrong := check_columns(list(named.values()))) is not None:
        raise _invalid(wrong)
    return named or None


def _invalid(detail: str) -> InvalidRequest:
    errors = [{"pointer": "?column", "detail": detail}]
    return InvalidRequest(f"column: {detail}", extra={"errors": errors})
