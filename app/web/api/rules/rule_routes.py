"""Rules over REST: editors make, change and delete them."""

from functools import partial
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Request, Response

from app.core.errors import IdempotencyKeyReused, InvalidCursor
from app.core.roles import Role
from app.core.rules.rule import Rule
from app.notifications.checking import InvalidRule
from app.store.notifications.rule_errors import (
    RuleChanged,
    RuleNotFound,
    RuleOfSettings,
    RuleUnreadable,
    TooManyRules,
)
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import PreconditionRequired
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import (
    MERGE_PATCH,
    Limit,
    PageCursor,
    ServicesDep,
    json_body,
    merge_patch_body,
)
from app.web.requests.preconditions import IfMatchRule
from app.web.requests.responses import json_response, page_response
from app.web.requests.rules.listed_rules import check_stored, listed_rule, page_of_rules
from app.web.requests.rules.rule_edits import created, deleted, patched
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.rules.listed_rule_outputs import ListedRuleOut, RulePageOut, listed_out
from app.web.schemas.rules.rule_outputs import RuleOut, rule_out
from app.web.schemas.rules.rule_patches import RulePatch
from app.web.schemas.rules.rule_requests import RuleRequest
from app.web.services import Services

router = APIRouter(prefix="/v1/rules", tags=["rules"], route_class=StrictRoute)

_EDITOR = [needs(Role.EDITOR)]
_CONDITIONAL = error_responses(
    RuleNotFound, RuleChanged, RuleOfSettings, RuleUnreadable, PreconditionRequired
)


async def _rule_id(rule_id: Annotated[str, Path(description="The rule's id.")]) -> str:
    return unquote(rule_id)


async def _stored_rule_id(rule_id: Annotated[str, Depends(_rule_id)]) -> str:
    check_stored(rule_id)
    return rule_id


AnyRuleID = Annotated[str, Depends(_rule_id)]
RuleID = Annotated[str, Depends(_stored_rule_id)]  # not that of the settings


@router.get(
    "",
    response_model=RulePageOut,
    response_description="A page of rules.",
    responses=error_responses(InvalidCursor),
    dependencies=_EDITOR,
)
def list_rules(
    request: Request, services: ServicesDep, limit: Limit = 50, cursor: PageCursor = None
) -> Response:
    """List rules.

    Returns the notification rules, the oldest first, with how they are doing. The webhook of the
    settings comes first: it is `built_in`, and can be listed and tested only. Rules that a newer
    version of Stockpulse wrote are listed by their ids: their messages wait.
    """
    page = page_of_rules(services, limit, cursor)
    channels = services.rule_desk.channels
    items = [listed_out(one, channels) for one in page.rules]
    unreadable = [{"id": one.id, "name": one.name or None} for one in page.unreadable]
    return page_response(request, items, page.next_cursor, unreadable=unreadable)


@router.post(
    "",
    status_code=201,
    response_model=RuleOut,
    response_description="The rule was created.",
    responses=error_responses(InvalidRule, TooManyRules, IdempotencyKeyReused),
    dependencies=[needs(Role.EDITOR, json_body)],
)
def create_rule(
    body: RuleRequest, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Create a rule.

    The rule tells what happens from now on. At most 2,000 rules can be stored.
    """
    respond = partial(_created, request, services)
    return respond(created(services, body, actor_of(request), idempotency.once(respond)))


@router.get(
    "/{rule_id}",
    response_model=ListedRuleOut,
    response_description="The rule.",
    responses=error_responses(RuleNotFound, RuleUnreadable),
    dependencies=_EDITOR,
)
def get_rule(rule_id: AnyRuleID, services: ServicesDep) -> Response:
    """Retrieve a rule.

    Returns a rule with how it is doing.
    """
    found = listed_rule(services, rule_id)
    shown = listed_out(found, services.rule_desk.channels)
    return json_response(shown, headers={"ETag": found.rule.etag})


@router.patch(
    "/{rule_id}",
    response_model=RuleOut,
    response_description="The updated rule.",
    responses=error_responses(InvalidRule) | _CONDITIONAL,
    dependencies=[needs(Role.EDITOR, merge_patch_body)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MERGE_PATCH: {"schema": {"$ref": "#/components/schemas/RulePatch"}}},
        }
    },
)
def patch_rule(
    rule_id: RuleID, body: RulePatch, request: Request, services: ServicesDep, if_match: IfMatchRule
) -> Response:
    """Update a rule.

    Changes only the members in the body; null removes one (JSON Merge Patch, RFC 7396). The change
    applies to what happens from now on: what waits is told as the rule was before, but a rule that
    is switched off drops it. A change that is already made succeeds, whatever the ETag.
    """
    return rule_response(services, patched(services, rule_id, body, if_match, actor_of(request)))


@router.delete(
    "/{rule_id}",
    status_code=204,
    response_description="The rule was deleted.",
    responses=_CONDITIONAL,
    dependencies=_EDITOR,
)
def delete_rule(
    rule_id: RuleID, request: Request, services: ServicesDep, if_match: IfMatchRule
) -> Response:
    """Delete a rule.

    Messages that wait are not sent any more.
    """
    deleted(services, rule_id, if_match, actor_of(request))
    return Response(status_code=204)


def rule_response(services: Services, rule: Rule, status: int = 200) -> Response:
    """A rule, with its ETag."""
    channels = services.rule_desk.channels
    return json_response(rule_out(rule, channels), status=status, headers={"ETag": rule.etag})


def _created(request: Request, services: Services, rule: Rule) -> Response:
    response = rule_response(services, rule, 201)
    root = request.scope.get("root_path", "")
    response.headers["Location"] = f"{root}/v1/rules/{rule.id}"
    return response
