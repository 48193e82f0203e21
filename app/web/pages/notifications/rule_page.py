"""The page of one rule: its recipients, what it would have sent, and what it has sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.events import split_event_id
from app.core.roles import Role
from app.core.rules.rule import Recipient
from app.observability.logs import masked
from app.store.notifications.delivery_log import Delivery
from app.web.auth.permissions import needs
from app.web.pages.notifications.notifications_page import labels_of, line_of, moment
from app.web.pages.notifications.rule_preview import preview_of
from app.web.pages.notifications.rule_words import address_text, kind_word
from app.web.pages.products.saving import back_of
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.requests.rules.listed_rules import check_stored, with_state
from app.web.services import Services

DELIVERIES = 25  # of a page
_LINKED = 5  # changes of one message
OUTCOMES = {
    "delivered": "Sent",
    "failed": "Failed",
    "rejected": "Refused",
    "dropped": "Given up",
}

RuleID = Annotated[str, Query(alias="id", max_length=64)]

router = APIRouter(prefix="/notifications", dependencies=[needs(Role.EDITOR)])


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One try of one message: the kinds of what it told, and the changes that have a page."""

    delivery: Delivery
    word: str
    address: str
    answer: str
    kinds: str
    count: int
    events: tuple[str, ...]


@router.get("/rule")
def rule_page(
    request: Request,
    services: ServicesDep,
    rule_id: RuleID,
    cursor: Annotated[str | None, Query()] = None,
) -> HTMLResponse:
    """A rule, with a page of its deliveries and what the last form did."""
    return shown(request, services, rule_id, cursor=cursor)


def shown(
    request: Request,
    services: Services,
    rule_id: str,
    *,
    cursor: str | None = None,
    said: Sequence[str] = (),
    trouble: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """The page of a rule, with what became of messages that were just sent.

    Raises:
        RuleNotFound: there is none with this id.
        InvalidCursor: no page of its deliveries returned the cursor.

    """
    check_stored(rule_id)
    rule = services.store.rules.get(rule_id)
    deliveries = services.store.deliveries.of_rule(rule.id, DELIVERIES, cursor)
    back = request.query_params.get("back", "")
    (listed,), labels = with_state(services, [rule]), labels_of(services)
    return render(
        request,
        "notification_rule.html",
        status=status,
        page="notifications",
        line=line_of(services, listed),
        rule=rule,
        preview=preview_of(services, rule),
        deliveries=[delivery_line(one, labels) for one in deliveries.items],
        place=cursor,
        next_cursor=deliveries.next_cursor,
        outcomes=OUTCOMES,
        said=said,
        trouble=trouble,
        done=request.query_params.get("done", ""),
        back=back_of(services, back) if back else "",
        at=moment,
    )


def delivery_line(delivery: Delivery, labels: Mapping[str, str]) -> DeliveryLine:
    """A delivery as the page shows it."""
    recipient = Recipient(delivery.channel, delivery.address)
    kinds = dict.fromkeys(kind_word(kind) for _, kind in delivery.notices)
    changes = (one for one, _ in delivery.notices if split_event_id(one) is not None)
    return DeliveryLine(
        delivery,
        labels.get(delivery.channel, delivery.channel),
        address_text(recipient),
        masked(delivery.answer),
        "a test" if delivery.is_test else ", ".join(kinds) or "what waited",
        len(delivery.notices) + delivery.folded,
        tuple(changes)[:_LINKED],
    )
