"""A file is chosen on a page that also lists the imports before it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.web.auth.permissions import MAX_FIELDS, needs
from app.web.imports.import_state import BUSY, Import, Options
from app.web.imports.reading.file_errors import MOST_BYTES, MOST_COLUMNS, MOST_ROWS
from app.web.pages.imports.import_preview import to_preview, wait
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.write_stamp import actor_of
from app.web.services import Services

router = APIRouter(prefix="/products/import", dependencies=[needs(Role.EDITOR, writable)])

_PIECE = 1 << 20  # bytes that are copied at a time
_LONGEST_NAME = 200  # characters of a file's name


@router.get("")
def import_page(request: Request, services: ServicesDep) -> HTMLResponse:
    """The form, and the imports of this server."""
    return _page(request, services)


@router.post("")
async def receive(request: Request, services: ServicesDep) -> Response:
    """Take a file, and show what it would do."""
    # Beyond 1 MB, the form's parser keeps the file on the disk, too.
    async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            wrong = "Choose a file first."
            return await run_in_threadpool(_page, request, services, wrong)
        try:
            found = await run_in_threadpool(_received, services, file, actor_of(request))
        except StockpulseError as error:
            return await run_in_threadpool(_page, request, services, error.detail, error.status)
    await run_in_threadpool(wait, services, found.id)
    return to_preview(services, found.id)


def _received(services: Services, file: UploadFile, actor: str) -> Import:
    upload = services.imports.receive()
    try:
        while piece := file.file.read(_PIECE):
            upload.write(piece)
        name = (file.filename or "").replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME]
        job = services.imports.made(upload, name, actor, Options())
        found = job.snapshot()
        services.imports.admit(job)
        return found
    finally:
        upload.discard()


def _page(request: Request, services: Services, wrong: str = "", status: int = 422) -> HTMLResponse:
    imports = services.imports.all()
    return render(
        request,
        "import.html",
        status=status if wrong else 200,
        page="products",
        wrong=wrong,
        imports=imports,
        busy=any(one.state in BUSY for one in imports),
        most_bytes=MOST_BYTES,
        most_rows=MOST_ROWS,
        most_columns=MOST_COLUMNS,
    )
