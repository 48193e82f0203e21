"""The OpenAPI document says what each operation answers in every case, with an example of each.

FastAPI makes it of the routes; here it gets what all of them have in common: refusals,
answers' headers, and examples, each of which the tests send.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.web.contract.examples import EXAMPLES
from app.web.contract.headers import HEADERS, name_headers
from app.web.contract.refusals import PROBLEM_SCHEMA, common, merged
from app.web.contract.sink_examples import SINK_EXAMPLES
from app.web.middleware.authentication import PUBLIC

_DESCRIPTION = """\
Products, their stock, and every change to them.

Errors are problem documents (RFC 9457) with a `code` for programs and a `request_id`.
The live stream at `/v1/events` is described by `/v1/asyncapi.json`.
"""

_TAGS = [
    {"name": "products", "description": "What is in stock, and writes to it."},
    {"name": "events", "description": "Every change, as CloudEvents; the same address streams."},
    {"name": "sinks", "description": "Who gets every change, how far each is, and its control."},
    {"name": "dead letters", "description": "What a sink rejected: kept until it is redriven."},
    {"name": "admin", "description": "What admins did."},
    {"name": "health", "description": "For load balancers and monitors."},
]

_SECURITY: dict[str, dict[str, Any]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, as `stockpulse key create` makes it. Where there is none, "
        "none is needed.",
    },
}


def operation_id(route: APIRoute) -> str:
    """An operation is named after its function."""
    return route.name


def contract(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the application."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    document["components"]["headers"] = dict(HEADERS)
    document["components"]["securitySchemes"] = _SECURITY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(method, operation, public=path in PUBLIC)
    return document


def _complete(method: str, operation: dict[str, Any], *, public: bool) -> None:
    body = operation.get("requestBody")
    if body is not None and len(body["content"]) > 1:
        del body["content"]["application/json"]  # FastAPI's guess, beside what the route names
    inputs = body is not None or bool(operation.get("parameters"))
    own = operation["responses"]
    _require_if_match(operation)
    if "422" in own and "application/json" in own["422"].get("content", {}):
        del own["422"]  # FastAPI's own shape of it, which never leaves
    operation["responses"] = merged(
        own, common(method, has_body=body is not None, takes_input=inputs, public=public)
    )
    name_headers(operation, public=public)
    if not public:
        operation["security"] = [{name: []} for name in _SECURITY]
    name = operation["operationId"]
    example = EXAMPLES.get(name) or SINK_EXAMPLES.get(name)
    if example is None:
        return
    if body is not None:
        for media in body["content"].values():
            media["example"] = example.body
    for parameter in operation.get("parameters", []):
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    answer = own[str(example.status)]
    if example.answer is not None:
        media = answer.setdefault("content", {}).setdefault("application/json", {})
        media["example"] = example.answer


def _require_if_match(operation: dict[str, Any]) -> None:
    """Say that a write of what is there needs it: 428 is ours to answer, so FastAPI cannot know."""
    if "428" not in operation["responses"] or "201" in operation["responses"]:
        return
    for parameter in operation["parameters"]:
        if parameter["name"] == "if-match":
            parameter |= {"required": True, "schema": {"type": "string", "minLength": 1}}
