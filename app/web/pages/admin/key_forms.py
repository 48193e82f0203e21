"""Keys and sign-in links are made and revoked by forms; a new secret is on one page, once.

That page has no live parts: where the first key was made, its reader is signed out at once, and a
page that follows changes would leave for the sign-in before the key could be copied.
"""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import StoreUnavailable
from app.core.roles import Role
from app.store.access.api_keys import RefusedKey
from app.store.access.key_names import KeyRefused, checked_name
from app.store.access.key_row import ApiKey
from app.store.access.sign_in_links import LINK_LIFE
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.errors import AccessNotFound
from app.web.pages.admin.admin_page import has_admin, shown
from app.web.pages.forms import Form, Submitted
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, administrable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.services import Services

KeyID = Annotated[str, Query(alias="id", max_length=1100)]  # bytes of a table's key, and more

router = APIRouter(
    prefix="/admin", route_class=QueuedRoute, dependencies=[needs(Role.ADMIN, administrable)]
)


@router.post("/keys")
def make_key(request: Request, services: ServicesDep, fields: Submitted) -> HTMLResponse:
    """Make a key, and a link that signs in with it if that is wanted; both are shown once."""
    form = Form(fields)
    name, role = _name(form), _role(form, services)
    expires = _expiry(form, ZoneInfo(services.settings.timezone), services)
    if not form.errors and role is not None:
        try:
            key, secret = services.access.keys.create(name, role, expires, actor_of(request))
        except KeyRefused as refused:
            form.errors["name"] = _sentence(refused)
        else:
            services.access.authenticator.key_cache.forget()
            link = ""
            if fields.get("link"):
                # Without a link, this is still the only page that shows the secret.
                with suppress(StoreUnavailable):
                    link = _link(request, services, key)
            return _once(request, services, key, secret=secret.text, link=link)
    form.status = 422
    return shown(request, services, form)


@router.get("/keys/revoke")
def revoke_page(request: Request, services: ServicesDep, key_id: KeyID) -> HTMLResponse:
    """Ask whether to revoke a key, and say what that ends."""
    return _asked(request, services, _named(services, key_id), Form({}))


@router.post("/keys/revoke")
def revoke_key(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Revoke a key for good, or delete the row of a refused one."""
    found, form = _named(services, fields.get("id", "")), Form({})
    try:
        services.access.keys.revoke(found.id, actor_of(request))
    except KeyRefused as refused:  # it was revoked at the same time
        form.status, form.problem = 409, _sentence(refused)
        return _asked(request, services, found, form)
    services.access.authenticator.key_cache.forget()
    return _back(services, "keys")


@router.post("/links")
def make_link(request: Request, services: ServicesDep, fields: Submitted) -> HTMLResponse:
    """Make a link that signs in one browser with a key."""
    key = _named(services, fields.get("id", ""))
    if not isinstance(key, ApiKey) or not key.usable(services.access.authenticator.now()):
        raise AccessNotFound("This key does not work any more, so nobody can sign in with it.")
    return _once(request, services, key, link=_link(request, services, key))


@router.post("/links/revoke")
def revoke_link(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Revoke a link that was not used yet."""
    sign_in = services.access.authenticator.sign_in
    if not sign_in.revoke_link(fields.get("id", ""), actor_of(request)):
        raise AccessNotFound("This link was used or revoked before, or its ten minutes are over.")
    return _back(services, "links")


def _name(form: Form) -> str:
    """The name of a new key, or an error at its field."""
    name = form.values.get("name", "")
    try:
        return checked_name(name)
    except KeyRefused as refused:
        form.errors["name"] = "Enter a name." if not name else _sentence(refused)
        return ""


def _role(form: Form, services: Services) -> Role | None:
    """The role of a new key, or an error at its field."""
    try:
        role = Role(form.values.get("role", ""))
    except ValueError:
        form.errors["role"] = "Choose a role."
        return None
    authenticator = services.access.authenticator
    known = authenticator.key_cache.current()
    nobody = not has_admin(known, authenticator.now()) and not authenticator.proxies.user_header
    if nobody and role is not Role.ADMIN:
        form.errors["role"] = (
            "Make an admin's key first: as soon as a key exists, everyone needs one, and only "
            "admins can make more here."
        )
    return role


def _expiry(form: Form, zone: ZoneInfo, services: Services) -> datetime | None:
    """The end of the key's last day in the shop's zone, or an error at its field."""
    text = form.values.get("expires", "")
    if not text:
        return None
    try:
        ends = datetime.combine(date.fromisoformat(text) + timedelta(days=1), time.min, zone)
    except (ValueError, OverflowError):
        form.errors["expires"] = "Enter a day, such as 2027-01-31, or leave this empty."
        return None
    if ends <= services.access.authenticator.now():
        form.errors["expires"] = "Choose today or a later day."
    return ends


def _named(services: Services, key_id: str) -> ApiKey | RefusedKey:
    """The key, or the refused row, with this id.

    Raises:
        AccessNotFound: there is none, or it is revoked already.

    """
    known = services.access.authenticator.key_cache.current()
    key = known.keys.get(key_id)
    if key is not None and key.revoked_at is None:
        return key
    for row in known.refused:
        if row.id == key_id:
            return row
    raise AccessNotFound("No active key has this id. It may be revoked already: see the list.")


def _link(request: Request, services: Services, key: ApiKey) -> str:
    """The address of a new sign-in link, as this browser reaches the server."""
    token = services.access.authenticator.sign_in.make_link(key, actor_of(request))
    url, base = request.url, services.settings.base_path
    return f"{url.scheme}://{url.netloc}{base}/sign-in/link?token={token}"


def _once(
    request: Request, services: Services, key: ApiKey, *, secret: str = "", link: str = ""
) -> HTMLResponse:
    known = services.access.authenticator.key_cache.current()
    return render(
        request,
        "admin_secret.html",
        page="admin",
        key=key,
        secret=secret,
        link=link,
        minutes=LINK_LIFE // timedelta(minutes=1),
        first=identity_of(request).by == "nothing" and known.credentials_required,
        identity=None,  # no live parts
    )


def _asked(
    request: Request, services: Services, found: ApiKey | RefusedKey, form: Form
) -> HTMLResponse:
    authenticator = services.access.authenticator
    known, now = authenticator.key_cache.current(), authenticator.now()
    is_admin = isinstance(found, ApiKey) and found.role is Role.ADMIN
    others = has_admin(known, now, found.id) or bool(authenticator.proxies.user_header)
    return render(
        request,
        "admin_revoke.html",
        status=form.status,
        page="admin",
        found=found,
        is_refused=isinstance(found, RefusedKey),
        is_own=found.id == identity_of(request).key_id,
        is_last=is_admin and not others,
        form=form,
    )


def _back(services: Services, part: str) -> Response:
    return RedirectResponse(f"{services.settings.base_path}/admin#{part}", status_code=303)


def _sentence(refused: KeyRefused) -> str:
    text = str(refused)
    return f"{text[:1].upper()}{text[1:]}."
