"""A patch is merged into the stored rule, and the whole is validated as a new rule is."""

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.core.rules.rule import Rule
from app.notifications.checking import checked
from app.store.idempotency import Once
from app.store.notifications.rule_errors import RuleChanged
from app.store.products.etags import tags_in
from app.web.schemas.rules.rule_patches import RulePatch
from app.web.schemas.rules.rule_requests import RuleRequest
from app.web.services import Services

_TRIES = 5
_NONE = -1  # a version that no rule has


def created(
    services: Services, body: RuleRequest, actor: str, once: Once[Rule] | None = None
) -> Rule:
    """Store a new rule.

    Raises:
        InvalidRule: it cannot work, with each field that is wrong.
        TooManyRules: there are too many already.
        Replayed: the request has already been applied.

    """
    rule = checked(body.rule(), services.rule_desk.channels)
    return services.store.rules.create(rule, actor, once)


def patched(
    services: Services, identifier: str, patch: RulePatch, if_match: str, actor: str
) -> Rule:
    """Change a stored rule whose ETag is in `if_match`; a change that is already made succeeds.

    Raises:
        RuleNotFound: there is none with this id.
        RuleChanged: it has another ETag.
        InvalidRule, RequestValidationError: the result cannot work, or is no rule.

    """
    rules, channels = services.store.rules, services.rule_desk.channels
    for tries in range(1, _TRIES + 1):
        stored = rules.get(identifier)
        version = stored.version if _is_meant(stored, if_match) else _NONE
        rule = _validated(patch.applied(stored)).rule(stored.id, version)
        rule = checked(rule, channels, stored.recipients)
        try:
            return rules.change(rule, actor)
        except RuleChanged:
            if "*" not in tags_in(if_match) or tries == _TRIES:
                raise
    raise AssertionError  # the last try returns or raises


def deleted(services: Services, identifier: str, if_match: str, actor: str) -> None:
    """Delete a stored rule whose ETag is in `if_match`; raises as `patched`."""
    rules = services.store.rules
    version = None
    if "*" not in tags_in(if_match):
        stored = rules.get(identifier)
        version = stored.version if _is_meant(stored, if_match) else _NONE
    rules.delete(identifier, version, actor)


def _is_meant(stored: Rule, if_match: str) -> bool:
    return any(tag in {"*", stored.etag} for tag in tags_in(if_match))


def _validated(document: object) -> RuleRequest:
    try:
        return RuleRequest.model_validate(document)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        ) from None
