"""Pages are templates with escaped values; every page gets the settings and the identity."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from app.core.events import rfc3339
from app.core.numbers import digits, number_of, places, quantity
from app.core.paths import name_in_events
from app.core.roles import Role
from app.web.auth.identity import Identity
from app.web.auth.permissions import TOKEN_FIELD
from app.web.pages.event_rows import (
    Row,
    local_time,
    price_text,
    seconds_text,
    short_time,
    value_text,
)
from app.web.services import Services
from app.web.statics import static_path

_TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["day"] = lambda day: date.fromisoformat(day).strftime("%A %-d %B %Y")
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.filters["amount"] = lambda number: f"{Decimal(digits(number)):,}"
    environment.filters["seconds"] = seconds_text
    environment.filters["price"] = price_text
    environment.filters["value"] = value_text
    environment.filters["digits"] = digits
    environment.filters["quantity"] = quantity
    environment.filters["parameter"] = lambda value: quote(str(value), safe="", errors="replace")
    return environment


_templates = _environment()


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **shown: Any,
) -> HTMLResponse:
    """The template as a response. It is never cached, because its data changes."""
    services: Services = request.app.state.services
    settings = services.settings
    zone = ZoneInfo(settings.timezone)

    now = datetime.now(UTC)

    def clock(moment: datetime) -> str:
        return local_time(moment, zone)

    identity: Identity | None = request.scope.get("state", {}).get("identity")
    may_edit = identity is not None and identity.role.covers(Role.EDITOR)
    is_admin = identity is not None and identity.role.covers(Role.ADMIN)
    context = {
        "base": settings.base_path,
        "static": settings.base_path + static_path(),
        "version": services.about.version,
        "cursor": services.broker.head,
        "undone": request.query_params.get("undone"),
        "here": f"{request.url.path}?{request.url.query}"
        if request.url.query
        else request.url.path,
        "zone_name": settings.timezone,
        "read_only": settings.read_only or not may_edit,
        "identity": identity,
        "is_admin": is_admin,
        "token": _token_field(services, identity),
        "currency": settings.currency,
        "demo_running": services.demo.is_running(),
        "demo_offered": services.demo.is_possible and not services.demo.is_running(),
        "stock_name": name_in_events(settings.stock_attribute),
        "has_units": settings.unit_attribute is not None,
        "metadata_name": settings.metadata_attribute,
        "price_decimals": settings.price_decimals,
        "step": partial(_step, settings.stock_decimals),
        "clock": clock,
        "when": lambda moment: time_element(moment, zone, now),
        # It contains the store's address, which only admins may know.
        "cli_line": services.about.cli_line if is_admin else None,
        **shown,
    }
    page = _templates.get_template(template).render(context)
    return HTMLResponse(
        page.encode("utf-8", "backslashreplace"),  # half an emoji is shown as its escape
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def row_markup(row: Row, base: str, *, undo: bool = False) -> Markup:
    """One change as a list item; its links begin with `base`. `undo`: offer to undo it."""
    parts: Any = _templates.get_template("_parts.html").module
    markup: Markup = parts.row(row, base, undo=undo)
    return markup


def time_element(moment: datetime, zone: ZoneInfo, now: datetime) -> Markup:
    """A `<time>` with its short text; its title is the whole time in `zone`.

    The script turns the text into an age such as "3 min ago", and shows the whole time in the
    reader's zone, too.
    """
    local = moment.astimezone(zone)
    return Markup('<time datetime="{}" title="{} {}">{}</time>').format(
        rfc3339(moment),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        zone.key,
        short_time(local, now.astimezone(zone).date()),
    )


def _step(decimals: int, stock: Decimal | str | None = None) -> str:
    """The step of a quantity field: as fine as the setting, or as the product's own stock."""
    number = number_of(stock) if isinstance(stock, str) else stock
    return digits(Decimal(1).scaleb(-max(decimals, places(number or 0))))


def _token_field(services: Services, identity: Identity | None) -> Markup:
    """The hidden CSRF field of every POST form; empty if no token is needed."""
    token = services.access.authenticator.form_token(identity) if identity is not None else ""
    if not token:
        return Markup("")
    return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN_FIELD, token)
