"""The form that exports a list: its formats, and the files that the caller has had made."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from app.web.exports.export_file import Dialect, Growing, filename
from app.web.pages.templating import render
from app.web.requests.exports.downloads import download, exporter_of
from app.web.services import Services

# A byte order mark: files from here are for people, who open them in Excel.
DIALECT = Dialect(safe=True, bom=True)


def export_form(
    request: Request, services: Services, page: str, what: str, links: Any, total: Any
) -> HTMLResponse:
    """The form of a page; `what`: the word for one row, `total`: how many there are, if known."""
    zone = ZoneInfo(services.settings.timezone)
    return render(
        request,
        "export.html",
        page=page,
        what=what,
        total=total,
        links=links,
        exports=services.exports.of(exporter_of(request)),
        when=lambda moment: moment.astimezone(zone).strftime("%H:%M"),
    )


async def send_file(
    request: Request, chunks: Iterator[bytes], form: Growing, name: str
) -> Response:
    """Send an export as a file, whose name begins so; raises as its first chunk."""
    named = filename(name, form, datetime.now(UTC))
    headers = {"Content-Disposition": f'attachment; filename="{named}"'}
    return await download(request, chunks, form, headers)
