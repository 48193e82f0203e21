"""A link in an e-mail stops the messages of one rule to one recipient; it works signed out.

Opening the link only asks: mail programs and scanners fetch links by themselves. The button, and
the one click of a mail program (RFC 8058), are a POST to the same address.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.rules.recipients import recipient_of
from app.core.rules.rule import Recipient, Rule
from app.web.auth.permissions import PUBLIC
from app.web.pages.notifications.rule_words import address_text
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.requests.queued_route import QueuedRoute
from app.web.services import Services

REASON = "they unsubscribed."
_ACTOR = "unsubscribe link"

Token = Annotated[str, Query(max_length=400)]

router = APIRouter(route_class=QueuedRoute, dependencies=[PUBLIC])


@router.get("/unsubscribe")
def unsubscribe_page(request: Request, services: ServicesDep, token: Token = "") -> HTMLResponse:
    """Ask whether to stop the messages; this changes nothing."""
    found = _subscription(services, token)
    if found is None:
        return _over(request, token, services)
    rule, recipient = found
    if recipient.id in dict(rule.disabled):
        return _done(request, recipient, rule)
    address = address_text(recipient)
    return render(
        request, "unsubscribe.html", page="sign-in", asked=token, address=address, name=rule.name
    )


@router.post("/unsubscribe")
def unsubscribe(request: Request, services: ServicesDep, token: Token = "") -> HTMLResponse:
    """Stop the messages."""
    found = _subscription(services, token)
    if found is None:
        return _over(request, token, services)
    rule, recipient = found
    services.store.rules.disable(rule.id, recipient.id, REASON, _ACTOR)
    return _done(request, recipient, rule)


def _subscription(services: Services, token: str) -> tuple[Rule, Recipient] | None:
    """The rule and the recipient of a link; None: they are gone, or the link is not ours."""
    named = services.rule_desk.subscription_of(token)
    if named is None:
        return None
    rule = services.store.rules.find(named[0])
    recipient = None if rule is None else recipient_of(rule, named[1])
    return None if rule is None or recipient is None else (rule, recipient)


def _done(request: Request, recipient: Recipient, rule: Rule) -> HTMLResponse:
    text = (
        f"{address_text(recipient)} gets nothing more of “{rule.name}”. Whoever made the rule can "
        "add the address again."
    )
    return _said(request, 200, "Unsubscribed", text)


def _over(request: Request, token: str, services: Services) -> HTMLResponse:
    if services.rule_desk.subscription_of(token) is not None:
        return _said(request, 200, "Unsubscribed", "This address gets none of these messages.")
    text = "Copy the whole address from the message, or answer whoever runs Stockpulse for you."
    return _said(request, 400, "This link is not complete", text)


def _said(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    return render(
        request, "unsubscribe.html", status=status, page="sign-in", asked="", title=title, text=text
    )
