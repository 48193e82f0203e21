"""Messages to the browsers of a person and of everyone: a page, and news for the script."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse

from app.core.roles import Role
from app.web.auth.identity import Identity, identity_of
from app.web.auth.permissions import needs
from app.web.pages.notifications.notifications_page import moment
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep

router = APIRouter(prefix="/notifications/inbox", dependencies=[needs(Role.VIEWER)])


async def _reader(request: Request) -> Identity:
    return identity_of(request)


ReaderDep = Annotated[Identity, Depends(_reader)]


@router.get("")
def inbox_page(request: Request, services: ServicesDep, reader: ReaderDep) -> HTMLResponse:
    """The newest messages to this person and to everyone."""
    return render(
        request,
        "inbox.html",
        page="notifications",
        messages=services.store.inbox_news.messages(reader.actor),
        at=moment,
    )


@router.get("/news")
def inbox_news(services: ServicesDep, reader: ReaderDep) -> JSONResponse:
    """The newest messages for the script, and whether any rule sends to this person's browser."""
    news = services.store.inbox_news
    is_wanted = news.is_wanted(reader.actor)
    messages = news.messages(reader.actor) if is_wanted else []
    items: list[dict[str, Any]] = [
        {"id": one.key, "at": one.at, "title": one.title, "text": one.text, "path": one.path}
        for one in messages
    ]
    return JSONResponse(
        {"wanted": is_wanted, "items": items}, headers={"Cache-Control": "no-store"}
    )
