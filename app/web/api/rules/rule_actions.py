"""What editors do with a rule besides changing it: preview, test, deliveries, recipients."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.core.errors import IdempotencyKeyReused, InvalidCursor
from app.core.roles import Role
from app.notifications.desk.sending import Sent
from app.readmodel.copy_state import ReadModelFilling
from app.store.notifications.delivery_log import Delivery, DeliveryNotFound
from app.store.notifications.rule_errors import (
    NothingToResend,
    RecipientDisabled,
    RecipientNotFound,
    RuleNotFound,
    RuleOfSettings,
    RuleUnreadable,
    TooManyTests,
)
from app.web.api.rules.rule_routes import AnyRuleID, RuleID, rule_response
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import Limit, PageCursor, ServicesDep
from app.web.requests.responses import json_response, page_response
from app.web.requests.rules.may_test import check_may_test
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.rules.delivery_outputs import (
    DeliveryOut,
    DeliveryPageOut,
    PreviewOut,
    RuleTestOut,
    delivery_out,
    preview_out,
    tested_out,
)
from app.web.schemas.rules.rule_outputs import RuleOut, SecretOut

router = APIRouter(prefix="/v1/rules/{rule_id}", tags=["rules"], route_class=StrictRoute)

_EDITOR = [needs(Role.EDITOR)]
_OF_RULE = (RuleNotFound, RuleOfSettings, RuleUnreadable)
_OF_RECIPIENT = error_responses(*_OF_RULE, RecipientNotFound, IdempotencyKeyReused)


async def _recipient_id(
    recipient_id: Annotated[str, Path(description="The recipient's id.")],
) -> str:
    return unquote(recipient_id)


async def _delivery_id(
    delivery_id: Annotated[str, Path(description="The id of a line of the delivery log.")],
) -> str:
    return unquote(delivery_id)


RecipientID = Annotated[str, Depends(_recipient_id)]


@router.post(
    "/test",
    response_model=RuleTestOut,
    response_description="The outcome for each recipient.",
    responses=error_responses(
        RuleNotFound, RecipientNotFound, RuleUnreadable, TooManyTests, IdempotencyKeyReused
    ),
    dependencies=_EDITOR,
)
def send_rule_test(
    rule_id: AnyRuleID,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
    recipient: Annotated[
        str | None, Query(max_length=40, description="Only to the recipient with this id.")
    ] = None,
) -> Response:
    """Test a rule.

    Sends a test message to each recipient that is not disabled, from the process that handles this
    request. Waits up to 30 seconds for the answers. A rule can be tested five times a minute; the
    `built_in` one by admins only.
    """
    check_may_test(request, rule_id)
    test, actor = services.rule_desk.test, actor_of(request)
    return _tested(test(rule_id, recipient, actor, idempotency.once(_tested)))


@router.get(
    "/preview",
    response_model=PreviewOut,
    response_description="What the rule would have sent.",
    responses=error_responses(*_OF_RULE, ReadModelFilling),
    dependencies=_EDITOR,
)
def preview_rule(rule_id: RuleID, services: ServicesDep) -> Response:
    """Preview a rule.

    Returns what the rule would have sent in the last seven days, had it been as it is now.
    """
    rule = services.store.rules.get(rule_id)
    preview = services.rule_desk.previews.of(rule.what, rule.when, datetime.now(UTC))
    return json_response(preview_out(preview))


@router.get(
    "/deliveries",
    response_model=DeliveryPageOut,
    response_description="A page of the delivery log.",
    responses=error_responses(*_OF_RULE, InvalidCursor),
    dependencies=_EDITOR,
)
def list_deliveries(
    rule_id: RuleID,
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List a rule's deliveries.

    Returns what was sent, and what was not accepted, newest first. The log is kept for 30 days.
    """
    rule = services.store.rules.get(rule_id)
    page = services.store.deliveries.of_rule(rule.id, limit, cursor)
    items = [delivery_out(one) for one in page.items]
    return page_response(request, items, page.next_cursor)


@router.post(
    "/deliveries/{delivery_id}/resend",
    response_model=DeliveryOut,
    response_description="The new line of the delivery log.",
    responses=error_responses(
        *_OF_RULE,
        DeliveryNotFound,
        RecipientNotFound,
        RecipientDisabled,
        NothingToResend,
        IdempotencyKeyReused,
    ),
    dependencies=_EDITOR,
)
def resend_delivery(
    rule_id: RuleID,
    delivery_id: Annotated[str, Depends(_delivery_id)],
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Send a message again.

    Sends it to the same recipient, from the process that handles this request. Its id is the same,
    so that a receiver that has it already can tell.
    """
    resend, actor = services.rule_desk.resend, actor_of(request)
    return _resent(resend(rule_id, delivery_id, actor, idempotency.once(_resent)))


@router.post(
    "/recipients/{recipient_id}/enable",
    response_model=RuleOut,
    response_description="The rule.",
    responses=_OF_RECIPIENT,
    dependencies=_EDITOR,
)
def enable_recipient(
    rule_id: RuleID,
    recipient_id: RecipientID,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Enable a recipient.

    A recipient that bounced, unsubscribed or wanted nothing more gets what happens from now on.
    """
    respond = partial(rule_response, services)
    once, actor = idempotency.once(respond), actor_of(request)
    return respond(services.store.rules.enable(rule_id, recipient_id, actor, once))


@router.post(
    "/recipients/{recipient_id}/rotate-secret",
    response_model=RuleOut,
    response_description="The rule.",
    responses=_OF_RECIPIENT,
    dependencies=_EDITOR,
)
def rotate_secret(
    rule_id: RuleID,
    recipient_id: RecipientID,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Rotate a webhook's signing secret.

    Messages are signed with the new secret and, for 24 hours, also with the one before it. Read the
    new secret from `GET …/secret`.
    """
    respond = partial(rule_response, services)
    once, actor = idempotency.once(respond), actor_of(request)
    return respond(services.store.rules.rotate(rule_id, recipient_id, actor, once))


@router.get(
    "/recipients/{recipient_id}/secret",
    response_model=SecretOut,
    response_description="The secret.",
    responses=error_responses(*_OF_RULE, RecipientNotFound),
    dependencies=_EDITOR,
)
def get_secret(rule_id: RuleID, recipient_id: RecipientID, services: ServicesDep) -> Response:
    """Retrieve a webhook's signing secret.

    The secret is derived from the deployment's audit key and stored nowhere.
    """
    recipient = services.store.rules.recipient(rule_id, recipient_id)
    return json_response(
        {
            "recipient_id": recipient.id,
            "generation": recipient.generation,
            "secret": services.rule_desk.secret(rule_id, recipient),
        },
        headers={"Cache-Control": "no-store"},
    )


def _tested(sent: list[Sent]) -> Response:
    return json_response(tested_out(sent))


def _resent(line: Delivery) -> Response:
    return json_response(delivery_out(line))
