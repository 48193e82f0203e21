"""The contract lists every error of every operation, generated from the error classes."""

import inspect
from copy import deepcopy
from typing import Any

from app.core.errors import OutcomeUnknown, StockpulseError, StoreUnavailable
from app.web.errors import (
    BodyTooLarge,
    CrossOrigin,
    HostNotAllowed,
    InternalError,
    InvalidRequest,
    MalformedJSON,
    RateLimited,
    ReadOnly,
    RoleNeeded,
    TokenNeeded,
    TooManyOfYourWrites,
    TooManyWrites,
    Unauthenticated,
    UnknownParameter,
    UnsupportedMediaType,
)

PROBLEM = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An error, as a problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "The type of error: `urn:stockpulse:problem:` and the `code`.",
        },
        "title": {"type": "string", "description": "A short summary of the error."},
        "status": {"type": "integer", "description": "The HTTP status code."},
        "detail": {"type": "string", "description": "What happened, and what to do about it."},
        "code": {"type": "string", "description": "Identifies the type of error for programs."},
        "request_id": {
            "type": "string",
            "description": "The request's id. The server log has the request under this id.",
        },
        "errors": {
            "type": "array",
            "description": "The invalid fields and parameters.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "A JSON pointer into the body (RFC 6901), or `?name` for a "
                        "query parameter, `header:name` or `path:name`.",
                    },
                    "detail": {"type": "string", "description": "What is wrong with the value."},
                },
            },
        },
    },
}

_ANY: tuple[type[StockpulseError], ...] = (HostNotAllowed, StoreUnavailable, InternalError)
_TAKES_INPUT = (InvalidRequest,)
_GUARDED = (Unauthenticated, RoleNeeded, RateLimited, UnknownParameter)
_WRITES = (
    CrossOrigin,
    ReadOnly,
    TokenNeeded,
    OutcomeUnknown,
    TooManyOfYourWrites,
    TooManyWrites,
)
_HAS_BODY = (MalformedJSON, BodyTooLarge, UnsupportedMediaType)

Responses = dict[int | str, dict[str, Any]]


def error_responses(*errors: type[StockpulseError]) -> Responses:
    """These errors, for `responses=` of a route."""
    responses: Responses = {}
    for error in errors:
        response = responses.setdefault(
            error.status,
            {
                "description": "",
                "content": {PROBLEM: {"schema": _ref("Problem"), "examples": {}}},
            },
        )
        response["content"][PROBLEM]["examples"][error.code] = {"value": _example(error)}
        response["description"] = _described(response["description"], error.title)
    return responses


def common(method: str, *, has_body: bool, takes_input: bool, public: bool) -> Responses:
    """The errors of any operation of this kind."""
    errors: list[type[StockpulseError]] = [*_ANY]
    if not public:
        errors += _GUARDED
    if takes_input:
        errors += _TAKES_INPUT
    if method not in {"get", "head"}:
        errors += _WRITES
    if has_body:
        errors += _HAS_BODY
    return error_responses(*errors)


def merged(own: Responses, others: Responses) -> Responses:
    """Both; a status that is in both gets the descriptions and examples of both.

    The arguments are not changed: routes share the values of `own`.
    """
    responses = {str(status): deepcopy(response) for status, response in own.items()}
    for status, response in others.items():
        known = responses.setdefault(str(status), response)
        problem = known.get("content", {}).get(PROBLEM)
        if known is response or problem is None:
            continue
        for code, example in response["content"][PROBLEM]["examples"].items():
            problem.setdefault("examples", {})[code] = example
            known["description"] = _described(known["description"], example["value"]["title"])
    return dict(sorted(responses.items()))


def _described(description: str, title: str) -> str:
    """The description with one more title, unless it is one of its sentences."""
    if not description:
        return title
    return description if title in description.split(". ") else f"{description}. {title}"


def _example(error: type[StockpulseError]) -> dict[str, Any]:
    if not error.__doc__:
        raise TypeError(f"{error.__name__} needs a docstring: it is the example's detail")
    return {
        "type": f"urn:stockpulse:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": inspect.cleandoc(error.__doc__),
        "code": error.code,
        "request_id": "5f0c3b6e0c6e4a7fb4b6f6f3f0d0f3a1",
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
