"""A person signs in with an API key or a one-time link; the key itself is stored nowhere.

Opening a link only shows a page with a button, which sends a POST: mail and chat programs
fetch links for previews and would use them up. The token is in the query because a fragment
needs script. It is invalid after one use or ten minutes, our logs leave out queries, and
the page's Referrer-Policy keeps its address from other sites.
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
from app.store.access.key_row import ApiKey
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
_OLD_LINK = "This link has been used or is older than ten minutes. Sign in with a key."


@router.get("/sign-in", dependencies=[PUBLIC])
async def sign_in_page(request: Request, services: ServicesDep, next: Next = "") -> Response:  # noqa: A002 - the query parameter's name
    """Ask for a key; redirect if the request is already authenticated."""
    after = local_path(next, services.access.authenticator.base)
    if await _identity(request, services) is not None:
        return RedirectResponse(after, status_code=303)
    # A browser that arrives from another site does not send a `SameSite=Strict` cookie. A
    # refresh makes the next request same-site, so that it sends the cookie if there is one.
    again = request.headers.get("sec-fetch-site") == "cross-site"
    return _page(request, after, again=again)


@router.post("/sign-in", dependencies=[PUBLIC])
async def sign_in(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Start a session for the key."""
    authenticator = services.access.authenticator
    after = local_path(fields.get("next", ""), authenticator.base)
    key = (await authenticator.known()).key_of(Secret(fields.get("key", "")), authenticator.now())
    if key is None:
        _log.warning("sign-in refused: the key is unknown, revoked or expired")
        return _page(request, after, "This key is unknown, revoked or expired.", status=401)
    return await _start(request, services, key, after)


@router.get("/sign-in/link", dependencies=[PUBLIC])
def link_page(request: Request, services: ServicesDep, token: Annotated[str, Query()]) -> Response:
    """Ask whether to sign in; this does not use up the link."""
    authenticator = services.access.authenticator
    key = authenticator.key_cache.current().keys.get(authenticator.sign_in.link_key(token) or "")
    if key is None or not key.usable(authenticator.now()):
        return _page(request, f"{authenticator.base}/", _OLD_LINK, status=410)
    return _page(request, f"{authenticator.base}/", token=token, name=key.name)


@router.post("/sign-in/link", dependencies=[PUBLIC])
async def use_link(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Use up the link and start a session for its key."""
    authenticator = services.access.authenticator
    known, token = await authenticator.known(), fields.get("token", "")

    def use() -> ApiKey | None:
        key = known.keys.get(authenticator.sign_in.link_key(token) or "")
        usable = key is not None and key.usable(authenticator.now())
        return key if key and usable and authenticator.sign_in.use_link(token, key) else None

    key = await run_in_threadpool(use)
    if key is None:
        _log.warning("sign-in refused: the link has been used or has expired")
        return _page(request, f"{authenticator.base}/", _OLD_LINK, status=410)
    return await _start(request, services, key, f"{authenticator.base}/")


@router.post("/sign-out", dependencies=[needs(Role.VIEWER)])
async def sign_out(request: Request, services: ServicesDep) -> Response:
    """End the session on the server, so that a copy of its cookie is invalid, too."""
    authenticator = services.access.authenticator
    await _end(services, identity_of(request))
    answer = RedirectResponse(f"{authenticator.base}/sign-in", status_code=303)
    answer.headers.append("Set-Cookie", authenticator.session_cookie(request.scope).header(""))
    return answer


def local_path(path: str, base: str) -> str:
    """The path, if it is on this site; otherwise the first page. Never another host."""
    try:
        external = bool(urlsplit(path).netloc or urlsplit(path).scheme)
    except ValueError:
        external = True
    is_local = _LOCAL.fullmatch(path) and path.startswith(f"{base}/") and not external
    return path if is_local else f"{base}/"


async def _identity(request: Request, services: Services) -> Identity | None:
    try:
        return await services.access.authenticator.identify(request.scope)
    except StockpulseError:
        return None


async def _start(request: Request, services: Services, key: ApiKey, after: str) -> Response:
    """Start a new session, and end the browser's previous one."""
    authenticator = services.access.authenticator
    before = await _identity(request, services)
    if before is not None:
        await _end(services, before)
    session = authenticator.sessions.begin(key, authenticator.now())
    answer = RedirectResponse(after, status_code=303)
    cookie = authenticator.session_cookie(request.scope).header(
        authenticator.sessions.write(session)
    )
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
