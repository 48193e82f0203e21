"""The Admin page shows the keys, the sign-in links that still work, and the admin trail."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.roles import Role
from app.store.access.admin_log import AdminAction
from app.store.access.key_cache import KeySnapshot
from app.store.access.key_row import ApiKey
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.pages.forms import Form
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

PAGE = 50  # actions of the trail
MOST_KEYS = 200  # on the page; the command line lists all
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

router = APIRouter(prefix="/admin", dependencies=[needs(Role.ADMIN)])


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of the list; `is_own`: the reader's session belongs to it."""

    key: ApiKey
    state: str
    usable: bool
    is_own: bool


@router.get("")
def admin_page(
    request: Request, services: ServicesDep, cursor: Annotated[str | None, Query()] = None
) -> HTMLResponse:
    """The keys, the links, and a page of the trail."""
    return shown(request, services, Form({}), cursor)


def shown(
    request: Request, services: Services, form: Form, cursor: str | None = None
) -> HTMLResponse:
    """The page; `form` is that of a new key, with what is wrong with it.

    Raises:
        InvalidCursor: no page of the trail returned the cursor.

    """
    authenticator = services.access.authenticator
    now = authenticator.now()
    page = services.store.admin_log.page(PAGE, cursor)
    known = authenticator.key_cache.current()
    lines = key_lines(known.keys.values(), now, identity_of(request).key_id)
    names = {key.id: key.name for key in known.keys.values()}
    return render(
        request,
        "admin.html",
        status=form.status,
        page="admin",
        keys=lines[:MOST_KEYS],
        more_keys=max(0, len(lines) - MOST_KEYS),
        refused=known.refused,
        links=[(link, names.get(link.key_id)) for link in authenticator.sign_in.open_links()],
        form=form,
        roles=list(Role),
        first=not has_admin(known, now) and not authenticator.proxies.user_header,
        today=now.date().isoformat(),
        rows=[(datetime.fromisoformat(row.at), with_times(row)) for row in page.items],
        place=cursor,
        next_cursor=page.next_cursor,
    )


def key_lines(keys: Iterable[ApiKey], now: datetime, own: str) -> list[KeyLine]:
    """The keys for the page: those that work first, then the newest."""
    lines = [KeyLine(key, _state(key, now), key.usable(now), key.id == own) for key in keys]
    return sorted(lines, key=lambda line: (line.usable, line.key.created_at), reverse=True)


def with_times(row: AdminAction) -> AdminAction:
    """The action with the times in what was before and after as times."""
    return replace(row, before=_times_in(row.before), after=_times_in(row.after))


def _times_in(state: Any) -> Any:
    if not isinstance(state, Mapping):
        return state
    return {name: _time(value) for name, value in state.items()}


def _time(value: Any) -> Any:
    if isinstance(value, str) and _TIME.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value


def has_admin(known: KeySnapshot, now: datetime, but: str = "") -> bool:
    """Whether a key of an admin works; `but`: one besides the key with this id."""
    return any(
        key.role is Role.ADMIN and key.usable(now) and key.id != but for key in known.keys.values()
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.usable(now) else "expired"
