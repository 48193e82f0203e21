"""Rules are made and changed by one form, which a Watch button fills in beforehand."""

from contextlib import suppress
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from app.core.errors import StockpulseError
from app.core.events import REASONS
from app.core.roles import Role
from app.core.rules.rule import Rule
from app.notifications.channels.registry import placeholder_of
from app.notifications.checking import InvalidRule, checked
from app.store.notifications.rule_errors import RuleChanged
from app.web.auth.permissions import needs
from app.web.pages.forms import Form, Submitted
from app.web.pages.notifications import watch_presets
from app.web.pages.notifications.notifications_page import labels_of
from app.web.pages.notifications.rule_fields import (
    MOST_ROWS,
    document_of,
    field_of,
    fields_of,
    row_numbers,
    usual,
)
from app.web.pages.notifications.rule_preview import PreviewView, preview_of
from app.web.pages.notifications.rule_words import (
    ALERT_WORDS,
    KIND_WORDS,
    TROUBLE_WORD,
    search_text,
)
from app.web.pages.notifications.watch_presets import Preset
from app.web.pages.products.saving import back_of
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, administrable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.rules.rule_requests import RuleRequest
from app.web.services import Services

router = APIRouter(
    prefix="/notifications",
    route_class=QueuedRoute,
    dependencies=[needs(Role.EDITOR, administrable)],
)

RuleID = Annotated[str, Query(alias="id", max_length=64)]
_PARTS = {
    "name": "its name",
    "what": "what to tell",
    "recipients": "whom to tell",
    "when": "when to send",
    "enabled": "whether it is paused",
}
_Watched = Annotated[str, Query(max_length=watch_presets.LONGEST * 4)]


@router.get("/new")
def new_page(
    request: Request,
    services: ServicesDep,
    product: _Watched = "",
    category: _Watched = "",
    search: _Watched = "",
    view: _Watched = "",
    back: Annotated[str, Query(max_length=8_000)] = "",
) -> HTMLResponse:
    """The form of a new rule; a Watch button says what it watches."""
    preset = _preset(services, product, category, search, view)
    first = {"channel_1": "browser", "address_1": actor_of(request)}
    given = first if "browser" in services.rule_desk.channels else {}
    form = Form({**usual(), **given, **preset.fields, "back": back})
    return _page(request, services, form, left_out=preset.left_out)


@router.post("/new")
def make(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Make a rule."""
    form = Form(fields)
    if "more" in fields:
        return _page(request, services, form)
    rule = _read(services, form)
    if rule is not None and "preview" in fields:
        return _page(request, services, form, preview=preview_of(services, rule))
    if rule is not None:
        with form.attempt():
            made = services.store.rules.create(rule, actor_of(request))
            return _done(services, made, "made", fields.get("back", ""))
    return _page(request, services, form)


@router.get("/edit")
def edit_page(request: Request, services: ServicesDep, rule_id: RuleID) -> HTMLResponse:
    """The form with a rule in it."""
    rule = services.store.rules.get(rule_id)
    return _page(request, services, Form(fields_of(rule)), rule)


@router.post("/edit")
def edit(request: Request, services: ServicesDep, rule_id: RuleID, fields: Submitted) -> Response:
    """Change a rule; one that others changed meanwhile is shown beside what was typed."""
    form, stored = Form(fields), services.store.rules.get(rule_id)
    if "more" in fields:
        return _page(request, services, form, stored)
    version = fields.get("version", "")
    rule = _read(services, form, stored, int(version) if version.isdecimal() else 0)
    if rule is not None and "preview" in fields:
        return _page(request, services, form, stored, preview=preview_of(services, rule))
    if rule is not None:
        with form.attempt():
            try:
                services.store.rules.change(rule, actor_of(request))
            except RuleChanged:
                _explain(form, services.store.rules.get(rule_id))
            else:
                return _done(services, rule, "saved", fields.get("back", ""))
    return _page(request, services, form, stored)


def _read(
    services: Services, form: Form, stored: Rule | None = None, version: int = 0
) -> Rule | None:
    """The rule in the form; None, with a message at each field, if it cannot work.

    Recipients that `stored` has already may be of a channel that was removed.
    """
    rule_id, known = ("", ()) if stored is None else (stored.id, stored.recipients)
    document = document_of(form.values)
    if not document["recipients"]:
        form.errors["recipients"] = "Say whom to tell: enter at least one address."
    try:
        rule = RuleRequest.model_validate(document).rule(rule_id, version)
        return checked(rule, services.rule_desk.channels, known) if not form.errors else None
    except ValidationError as error:
        faults = [
            ("/" + "/".join(map(str, one["loc"])), str(one["msg"]).removeprefix("Value error, "))
            for one in error.errors(include_url=False, include_input=False)
        ]
    except InvalidRule as error:
        faults = [(one["pointer"], one["detail"]) for one in error.extra["errors"]]
    for pointer, detail in faults:
        name = field_of(pointer, form.values)
        form.errors.setdefault(name, f"{detail[:1].upper()}{detail[1:].rstrip('.')}.")
    form.status = 422
    return None


def _explain(form: Form, stored: Rule) -> None:
    """Say that others changed the rule; the next Save replaces what they did."""
    theirs, mine = document_of(fields_of(stored)), document_of(form.values)
    parts = [word for name, word in _PARTS.items() if theirs[name] != mine[name]]
    form.status = 409
    form.problem = (
        "Somebody else changed this rule meanwhile, so nothing was saved. What you entered is "
        f"below; yours differs in {' and '.join(parts) or 'nothing'}. Save again to replace theirs."
    )
    form.values = {**form.values, "version": str(stored.version)}


def _preset(services: Services, product: str, category: str, search: str, view: str) -> Preset:
    """What a Watch button fills in.

    Raises:
        ViewNotFound: no saved search has the name `view`.

    """
    if product:
        return watch_presets.of_product(product, _name_of(services, product))
    if category:
        return watch_presets.of_category(category)
    if search:
        return watch_presets.of_list(search)
    if view:
        saved = services.store.views.get(view)
        if saved.kind == "products":
            return watch_presets.of_list(saved.q, view)
        return watch_presets.of_view(view, saved.q)
    return Preset({})


def _name_of(services: Services, product_id: str) -> str:
    """The product's name as far as it is known; else its id."""
    with suppress(StockpulseError):
        for product in services.read_model.some([product_id]):
            return product.name or product_id
    return product_id


def _page(
    request: Request,
    services: Services,
    form: Form,
    rule: Rule | None = None,
    left_out: tuple[str, ...] = (),
    preview: PreviewView | None = None,
) -> HTMLResponse:
    fields = form.values
    narrowing = document_of(fields)["what"]
    own = f"{services.settings.base_path}/notifications"
    return render(
        request,
        "notification_form.html",
        status=form.status,
        page="notifications",
        form=form,
        rule=rule,
        left_out=left_out,
        narrowed=any(name not in {"kinds", "alerts", "trouble"} for name in narrowing),
        searched=search_text(fields.get("search", "")),
        rows=row_numbers(fields, services.rule_desk.channels),
        most_rows=MOST_ROWS,
        labels=labels_of(services),
        examples={name: placeholder_of(one) for name, one in services.rule_desk.channels.items()},
        alert_words=ALERT_WORDS,
        kind_words=KIND_WORDS,
        trouble_word=TROUBLE_WORD,
        reasons=REASONS,
        me=actor_of(request),
        back=back_of(services, fields["back"]) if fields.get("back") else own,
        preview=preview,
    )


def _done(services: Services, rule: Rule, what: str, back: str) -> Response:
    query = urlencode({"id": rule.id, "done": what, **({"back": back} if back else {})})
    address = f"{services.settings.base_path}/notifications/rule?{query}"
    return RedirectResponse(address, status_code=303)
