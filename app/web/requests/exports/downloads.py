"""A download is a file, or is made page by page while it is sent, so its length does not matter.

One that is made rests after each page for as long as the page took. If a page cannot be read, the
connection ends before the body does, so that no client takes a part for the whole.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core.errors import StockpulseError
from app.web.auth.identity import identity_of
from app.web.exports.export_file import MEDIA_TYPES, Dialect, Growing, chunks_of
from app.web.exports.export_rows import Row, RowFormat
from app.web.middleware.rate_limits import account_of
from app.web.requests.responses import link_to
from app.web.services import services_of

_log = logging.getLogger(__name__)

LONGEST_REST = 0.2  # seconds
_ACCEPTED: dict[str, Growing | None] = {
    "*/*": None,
    "application/*": None,
    "application/json": None,
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
}


def accepted_format(request: Request) -> Growing | None:
    """The format that the request prefers by its `Accept`; None for a page of JSON."""
    preferred: tuple[float, Growing | None] = 0.0, None
    for element in ",".join(request.headers.getlist("accept")).split(","):
        media, *parameters = (part.strip().lower() for part in element.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        if media in _ACCEPTED and (quality := _quality(weight)) > preferred[0]:
            preferred = quality, _ACCEPTED[media]
    return preferred[1]


def _quality(weight: str) -> float:
    try:
        return float(weight)
    except ValueError:
        return 0.0


def exporter_of(request: Request) -> str:
    """Whose exports and downloads the request's are; they are limited for each of these."""
    return account_of(request.scope) or identity_of(request).actor


Revocable = Callable[[Callable[[], object]], AbstractContextManager[None]]


class _Held(Response):
    """Counts as a download while it is sent, and ends when the caller's permission does."""

    def hold(self, slot: AbstractContextManager[None], revocable: Revocable) -> None:
        """Set what is held while it is sent; `revocable` calls a function to end it."""
        self._slot = slot
        self._revocable = revocable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response.

        Raises:
            TooManyOfYourExports, TooManyExports: nothing was sent.

        """
        with self._slot, anyio.CancelScope() as whole, self._revocable(whole.cancel):
            await super().__call__(scope, receive, send)


class FileDownload(_Held, FileResponse):
    """Sends a file."""


class Download(_Held, StreamingResponse):
    """Sends what is made meanwhile."""

    async def stream_response(self, send: Send) -> None:
        """Send the body, as far as it can be made."""
        try:
            await super().stream_response(send)
        except StockpulseError as error:
            _log.warning("a download ended early: %s", error.detail)


async def download(
    request: Request,
    chunks: Iterator[bytes],
    form: Growing,
    headers: dict[str, str],
) -> Download:
    """The response that sends the chunks; the first one is made now, so its errors are answers.

    Raises:
        StockpulseError: as the first chunk.

    """
    first = await run_in_threadpool(next, chunks)
    response = Download(
        _paced(first, chunks),
        media_type=MEDIA_TYPES[form],
        headers=headers | {"Vary": "Accept", "X-Accel-Buffering": "no"},
    )
    response.hold(*_held_by(request))
    return response


def file_download(request: Request, path: Path, media_type: str, name: str) -> FileDownload:
    """The response that sends a file under this name."""
    response = FileDownload(path, media_type=media_type, filename=name)
    response.hold(*_held_by(request))
    return response


def _held_by(request: Request) -> tuple[AbstractContextManager[None], Revocable]:
    services, identity = services_of(request), identity_of(request)
    return (
        services.exports.downloading(exporter_of(request)),
        lambda end: services.access.stream_revocation.end_when_invalid(identity, end),
    )


def page_as(
    form: Growing,
    dialect: Dialect,
    request: Request,
    rows: RowFormat[Row],
    page: Sequence[Row],
    next_cursor: str | None,
    headers: dict[str, str],
) -> Response:
    """A response with one page. Encoding it takes a while: call it in a thread."""
    (body,) = chunks_of(rows, form, dialect, [page])
    headers = headers | link_to(request, next_cursor) | {"Vary": "Accept"}
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])


async def _paced(first: bytes, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    while True:
        began = time.monotonic()
        chunk = await run_in_threadpool(next, chunks, None)
        took = time.monotonic() - began
        if chunk is None:
            return
        yield chunk
        await anyio.sleep(min(LONGEST_REST, took))
