"""A person signs in with a key, or with a link that does it once; the key itself stays nowhere.

A link's page only asks: mail programs and chats open links to show a preview, and would use
it up; the button is a POST. The token does stand in a query, because a fragment needs
script. It is worth nothing after one use or ten minutes, no log of ours has queries, and
the page sends its address to nobody else.
"""

import logging
import re
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.access.api_key_secret import Secret
from app.store.access.api_keys import ApiKey
from app.web.auth.identity import Identity, identity_of
from app.web.auth.permissions import PUBLIC, needs
from app.web.pages.forms import Submitted
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

router = APIRouter(include_in_schema=False)

_log = logging.getLogger(__name__)

Next = Annotated[str, Query()]

_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_OLD_LINK = "This link was used already, or is older than ten minutes. Sign in with a key."


@router.get("/sign-in", dependencies=[PUBLIC])
async def sign_in_page(request: Request, services: ServicesDep, next: Next = "") -> Response:  # noqa: A002 - its name in the address
    """Ask for a key; whoever needs none goes on."""
    after = local_path(next, services.access.authenticator.base)
    if await _identity(request, services) is not None:
        return RedirectResponse(after, status_code=303)
    # Led here from a page of another site, the browser withholds a `SameSite=Strict` cookie:
    # asked for by a page of ours it sends one, if there is one.
    again = request.headers.get("sec-fetch-site") == "cross-site"
    return _page(request, after, again=again)


@router.post("/sign-in", dependencies=[PUBLIC])
async def sign_in(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Begin a session of the key."""
    authenticator = services.access.authenticator
    after = local_path(fields.get("next", ""), authenticator.base)
    key = (await authenticator.known()).key_of(Secret(fields.get("key", "")), authenticator.now())
    if key is None:
        _log.warning("a sign-in was refused: no such key")
        return _page(request, after, "This key is unknown, revoked or expired.", status=401)
    return await _begin(request, services, key, after)


@router.get("/sign-in/link", dependencies=[PUBLIC])
def link_page(request: Request, services: ServicesDep, token: Annotated[str, Query()]) -> Response:
    """Ask whether to sign in; nothing is used up."""
    authenticator = services.access.authenticator
    key = authenticator.key_cache.current().keys.get(authenticator.sign_in.link_key(token) or "")
    if key is None or not key.usable(authenticator.now()):
        return _page(request, f"{authenticator.base}/", _OLD_LINK, status=410)
    return _page(request, f"{authenticator.base}/", token=token, name=key.name)


@router.post("/sign-in/link", dependencies=[PUBLIC])
async def use_link(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Use the link up and begin a session of its key."""
    authenticator = services.access.authenticator
    known, token = await authenticator.known(), fields.get("token", "")

    def use() -> ApiKey | None:
        key = known.keys.get(authenticator.sign_in.link_key(token) or "")
        usable = key is not None and key.usable(authenticator.now())
        return key if key and usable and authenticator.sign_in.use_link(token, key) else None

    key = await run_in_threadpool(use)
    if key is None:
        _log.warning("a sign-in was refused: the link is used up or old")
        return _page(request, f"{authenticator.base}/", _OLD_LINK, status=410)
    return await _begin(request, services, key, f"{authenticator.base}/")


@router.post("/sign-out", dependencies=[needs(Role.VIEWER)])
async def sign_out(request: Request, services: ServicesDep) -> Response:
    """End the session, wherever its cookie may be."""
    authenticator = services.access.authenticator
    await _end(services, identity_of(request))
    answer = RedirectResponse(f"{authenticator.base}/sign-in", status_code=303)
    answer.headers.append("Set-Cookie", authenticator.place(request.scope).header(""))
    return answer


def local_path(path: str, base: str) -> str:
    """The path, if it is one of ours; else the first page. Never a way to another host."""
    try:
        elsewhere = bool(urlsplit(path).netloc or urlsplit(path).scheme)
    except ValueError:
        elsewhere = True
    ours = _LOCAL.fullmatch(path) and path.startswith(f"{base}/") and not elsewhere
    return path if ours else f"{base}/"


async def _identity(request: Request, services: Services) -> Identity | None:
    try:
        return await services.access.authenticator.identify(request.scope)
    except StockpulseError:
        return None


async def _begin(request: Request, services: Services, key: ApiKey, after: str) -> Response:
    """A session of its own for each sign-in; one that was there before ends."""
    authenticator = services.access.authenticator
    before = await _identity(request, services)
    if before is not None:
        await _end(services, before)
    session = authenticator.sessions.begin(key, authenticator.now())
    answer = RedirectResponse(after, status_code=303)
    cookie = authenticator.place(request.scope).header(authenticator.sessions.write(session))
    answer.headers.append("Set-Cookie", cookie)
    authenticator.key_cache.note_use(key)
    _log.info("%s signed in", key.name)
    return answer


async def _end(services: Services, identity: Identity) -> None:
    if identity.by != "session" or identity.until is None:
        return
    authenticator = services.access.authenticator
    await run_in_threadpool(authenticator.sign_in.end_session, identity.session, identity.until)
    authenticator.key_cache.forget()
    _log.info("%s signed out", identity.actor)


def _page(
    request: Request,
    after: str,
    problem: str = "",
    *,
    status: int = 200,
    token: str = "",
    name: str = "",
    again: bool = False,
) -> HTMLResponse:
    return render(
        request,
        "sign_in.html",
        status=status,
        page="sign-in",
        after=after,
        problem=problem,
        link=token,
        again=again,
        name=name,
    )
