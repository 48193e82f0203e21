"""The form that exports a list: its formats, and the files that the caller has had made."""

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.web.pages.templating import render
from app.web.requests.exports.downloads import exporter_of
from app.web.services import Services


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
