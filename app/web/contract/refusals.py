"""Every error that an operation can answer is in its contract, made from the error's own class."""

from typing import Any

from app.core.errors import StockpulseError, StoreUnavailable
from app.web.errors import (
    BodyTooLarge,
    CrossOrigin,
    HostNotAllowed,
    InvalidRequest,
    MalformedJSON,
    RateLimited,
    ReadOnly,
    RoleNeeded,
    TokenNeeded,
    Unauthenticated,
    UnknownParameter,
    UnsupportedMediaType,
)

PROBLEM = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was wrong, and what to do"},
        "code": {"type": "string", "description": "the error's name, for programs"},
        "request_id": {"type": "string", "description": "what the log has it under"},
        "errors": {
            "type": "array",
            "description": "the fields at fault",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "a JSON pointer into the body, or `?name`, `header:name`, "
                        "`path:name`",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_ANY: tuple[type[StockpulseError], ...] = (HostNotAllowed, StoreUnavailable, StockpulseError)
_TAKES_INPUT = (InvalidRequest,)
_GUARDED = (Unauthenticated, RoleNeeded, RateLimited, UnknownParameter)
_WRITES = (CrossOrigin, ReadOnly, TokenNeeded)
_HAS_BODY = (MalformedJSON, BodyTooLarge, UnsupportedMediaType)

Responses = dict[int | str, dict[str, Any]]


def refusals(*errors: type[StockpulseError]) -> Responses:
    """What `responses=` of a route says of these errors."""
    answers: Responses = {}
    for error in errors:
        answer = answers.setdefault(
            error.status,
            {
                "description": error.title,
                "content": {PROBLEM: {"schema": _ref("Problem"), "examples": {}}},
            },
        )
        answer["content"][PROBLEM]["examples"][error.code] = {"value": _example(error)}
        if error.title not in answer["description"]:
            answer["description"] += "; " + error.title[0].lower() + error.title[1:]
    return answers


def common(method: str, *, has_body: bool, takes_input: bool, public: bool) -> Responses:
    """What any operation of this kind can answer."""
    errors: list[type[StockpulseError]] = [*_ANY]
    if not public:
        errors += _GUARDED
    if takes_input:
        errors += _TAKES_INPUT
    if method not in {"get", "head"}:
        errors += _WRITES
    if has_body:
        errors += _HAS_BODY
    return refusals(*errors)


def merged(own: Responses, others: Responses) -> Responses:
    """Both; where both know a status, the examples of both."""
    answers = {str(status): answer for status, answer in own.items()}
    for status, answer in others.items():
        known = answers.setdefault(str(status), answer)
        if known is not answer:
            examples = known.get("content", {}).get(PROBLEM, {}).setdefault("examples", {})
            examples |= answer["content"][PROBLEM]["examples"]
    return dict(sorted(answers.items()))


def _example(error: type[StockpulseError]) -> dict[str, Any]:
    return {
        "type": f"urn:stockpulse:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": (error.__doc__ or "").strip(),
        "code": error.code,
        "request_id": "5f0c3b6e0c6e4a7fb4b6f6f3f0d0f3a1",
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
