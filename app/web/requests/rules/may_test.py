"""Editors test rules; the webhook of the settings is tested by admins, as every connection is."""

from fastapi import Request

from app.core.roles import Role
from app.core.rules.rule import OPERATOR
from app.web.auth.identity import identity_of
from app.web.auth.permissions import check_role


def check_may_test(request: Request, rule_id: str) -> None:
    """Return if whoever sends the request may test this rule.

    Raises:
        RoleNeeded: it is the webhook of the settings, and the request is no admin's.

    """
    if rule_id == OPERATOR:
        check_role(identity_of(request), Role.ADMIN)
