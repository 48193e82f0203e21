"""What people do with a rule besides changing it; each form works without script and leads back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.core.rules.recipients import recipient_of
from app.core.rules.rule import OPERATOR, Recipient, Rule
from app.notifications.channels.webhook.signing_secret import OVERLAP
from app.observability.logs import masked
from app.store.notifications.rule_errors import RecipientNotFound, RuleChanged, TooManyTests
from app.store.notifications.rule_reader import not_found
from app.web.auth.permissions import needs
from app.web.pages.forms import Submitted
from app.web.pages.notifications.notifications_page import list_shown, moment
from app.web.pages.notifications.rule_page import RuleID, shown
from app.web.pages.notifications.rule_words import address_text
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, administrable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.rules.listed_rules import check_stored
from app.web.requests.rules.may_test import check_may_test
from app.web.requests.write_stamp import actor_of
from app.web.services import Services

_TRIES = 3  # to pause a rule that others change at the same time

router = APIRouter(
    prefix="/notifications",
    route_class=QueuedRoute,
    dependencies=[needs(Role.EDITOR, administrable)],
)


@router.post("/pause")
def pause(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Send nothing of what happens from now on, until the rule is resumed."""
    return _switch(request, services, fields.get("id", ""), is_on=False)


@router.post("/resume")
def resume(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Send what happens from now on."""
    return _switch(request, services, fields.get("id", ""), is_on=True)


@router.get("/delete")
def delete_page(request: Request, services: ServicesDep, rule_id: RuleID) -> HTMLResponse:
    """Ask whether to delete a rule."""
    check_stored(rule_id)
    rule = services.store.rules.stored(rule_id)
    if rule is None:
        raise not_found()
    count = len(rule.recipients) if isinstance(rule, Rule) else None
    return render(
        request, "notification_delete.html", page="notifications", rule=rule, recipients=count
    )


@router.post("/delete")
def delete(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete a rule, however it is by now."""
    services.store.rules.delete(fields.get("id", ""), None, actor_of(request))
    return _lead(services, "", done="deleted")


@router.post("/enable")
def enable(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Send again to a recipient that bounced or unsubscribed."""
    rule_id, recipient = fields.get("id", ""), fields.get("recipient", "")
    services.store.rules.enable(rule_id, recipient, actor_of(request))
    return _lead(services, "/rule", id=rule_id, done="enabled")


@router.post("/secret")
def secret(request: Request, services: ServicesDep, fields: Submitted) -> HTMLResponse:
    """Show the secret with which messages to a webhook are signed."""
    return _secret(request, services, fields.get("id", ""), fields.get("recipient", ""))


@router.post("/rotate")
def rotate(request: Request, services: ServicesDep, fields: Submitted) -> HTMLResponse:
    """Make a new secret; for a day, messages are signed with the former one, too."""
    rule_id, recipient_id = fields.get("id", ""), fields.get("recipient", "")
    services.store.rules.rotate(rule_id, recipient_id, actor_of(request))
    return _secret(request, services, rule_id, recipient_id)


@router.post("/test")
def test(request: Request, services: ServicesDep, fields: Submitted) -> HTMLResponse:
    """Send a test message to every recipient, and show what each answered."""
    rule_id = fields.get("id", "")
    check_may_test(request, rule_id)
    page: Callable[..., HTMLResponse] = partial(shown, rule_id=rule_id)
    if rule_id == OPERATOR:  # it has no page of its own
        page = list_shown
    try:
        sent = services.rule_desk.test(rule_id, None, actor_of(request))
    except TooManyTests as error:
        answer = page(request, services, trouble=[error.detail], status=error.status)
        answer.headers.update(error.headers)  # when to try again
        return answer
    good = [_answered(one.recipient, one.answer) for one in sent if one.accepted]
    bad = [_answered(one.recipient, one.answer) for one in sent if not one.accepted]
    return page(request, services, said=good, trouble=bad)


@router.post("/resend")
def resend(request: Request, services: ServicesDep, fields: Submitted) -> HTMLResponse:
    """Send a message of the delivery log again, and show what the recipient answered."""
    rule_id, delivery = fields.get("id", ""), fields.get("delivery", "")
    try:
        line = services.rule_desk.resend(rule_id, delivery, actor_of(request))
    except StockpulseError as error:
        if error.status >= 500:
            raise
        services.store.rules.get(rule_id)  # without the rule, its page cannot say so
        return shown(request, services, rule_id, trouble=[error.detail], status=error.status)
    said = [_answered(Recipient(line.channel, line.address), line.answer)]
    if line.is_sent:
        return shown(request, services, rule_id, said=said)
    return shown(request, services, rule_id, trouble=said)


def _answered(recipient: Recipient, answer: str) -> str:
    return masked(f"{address_text(recipient)}: {answer}")


def _secret(request: Request, services: Services, rule_id: str, recipient_id: str) -> HTMLResponse:
    rule = services.store.rules.get(rule_id)
    recipient = recipient_of(rule, recipient_id)
    if recipient is None:
        raise RecipientNotFound("This rule has no such recipient any more. Look at the rule again.")
    both_until = moment(recipient.rotated_at) + OVERLAP
    return render(
        request,
        "notification_secret.html",
        page="notifications",
        rule=rule,
        recipient=recipient,
        address=address_text(recipient),
        secret=services.rule_desk.secret(rule.id, recipient),
        until=both_until if recipient.generation > 1 and both_until > datetime.now(UTC) else None,
    )


def _switch(request: Request, services: Services, rule_id: str, *, is_on: bool) -> Response:
    rules = services.store.rules
    for tries in range(1, _TRIES + 1):
        rule = replace(rules.get(rule_id), enabled=is_on)
        try:
            rules.change(rule, actor_of(request))
            break
        except RuleChanged:  # since it was read, a moment ago
            if tries == _TRIES:
                raise
    return _lead(services, "/rule", id=rule_id, done="resumed" if is_on else "paused")


def _lead(services: Services, below: str, **query: str) -> Response:
    path = f"{services.settings.base_path}/notifications{below}"
    return RedirectResponse(f"{path}?{urlencode(query)}", status_code=303)
