"""The OpenAPI document lists every response of every operation, with examples that the tests send.

FastAPI generates it from the routes. Here it gets what all of them share (errors, response
headers), the examples, and summaries: the first line of a route's docstring is its summary, the
rest its description.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.web.contract.error_responses import PROBLEM_SCHEMA, common, merged
from app.web.contract.examples.alert_examples import ALERT_EXAMPLES
from app.web.contract.examples.analytics_examples import ANALYTICS_EXAMPLES
from app.web.contract.examples.export_examples import EXPORT_EXAMPLES
from app.web.contract.examples.import_examples import IMPORT_EXAMPLES
from app.web.contract.examples.product_examples import EXAMPLES
from app.web.contract.examples.reversal_examples import REVERSAL_EXAMPLES
from app.web.contract.examples.rule_examples import RULE_EXAMPLES
from app.web.contract.examples.sink_examples import SINK_EXAMPLES
from app.web.contract.examples.view_examples import VIEW_EXAMPLES
from app.web.contract.headers import HEADERS, add_headers
from app.web.middleware.authentication import PUBLIC

_DESCRIPTION = """\
Read and change products and their stock, and follow every change to them.

Requests and responses are JSON. Times are RFC 3339 in UTC. Lists are returned in pages: send
`next_cursor` as `cursor` to get the next page.

Errors are problem documents (RFC 9457). `code` identifies the error for programs, `detail` says
what happened and what to do, and `request_id` finds the request in the server log.

Send an `Idempotency-Key` with a POST to repeat it safely. Send `If-Match` with a product's ETag
to change it only if nobody else has.

`/v1/asyncapi.json` describes the live stream at `/v1/events`.
"""

_EXAMPLES = {
    **EXAMPLES,
    **EXPORT_EXAMPLES,
    **IMPORT_EXAMPLES,
    **REVERSAL_EXAMPLES,
    **ANALYTICS_EXAMPLES,
    **ALERT_EXAMPLES,
    **VIEW_EXAMPLES,
    **SINK_EXAMPLES,
    **RULE_EXAMPLES,
}

_TAGS = [
    {"name": "products", "description": "Products and their stock."},
    {
        "name": "events",
        "description": "The history of all changes, as CloudEvents: in pages, or as a live stream.",
    },
    {
        "name": "exports",
        "description": "Files with all rows of a query, which are built in the background.",
    },
    {
        "name": "imports",
        "description": "Files whose rows create and change products: compared first, then written "
        "as one batch, which can be taken back.",
    },
    {
        "name": "analytics",
        "description": "Trends: what moved, at which rate, and what the stock was worth.",
    },
    {
        "name": "alerts",
        "description": "Products that are low, out of stock or negative, and what is done about "
        "it.",
    },
    {
        "name": "sinks",
        "description": "Sinks receive every change. See how far behind each one is, and pause, "
        "resume, rewind or test it.",
    },
    {
        "name": "rules",
        "description": "Rules decide which changes are sent to whom, when, and how.",
    },
    {
        "name": "dead letters",
        "description": "Events that a sink rejected. They are kept until they are redriven or "
        "deleted.",
    },
    {"name": "views", "description": "Searches of events or products that are saved under a name."},
    {"name": "admin", "description": "The log of admin actions."},
    {"name": "health", "description": "Checks for load balancers and monitoring."},
]

_SECURITY: dict[str, dict[str, Any]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key. Create one with `stockpulse key create`. A server without "
        "keys does not require one.",
    },
}


def operation_id(route: APIRoute) -> str:
    """An operation has the name of its function."""
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
        body["content"].pop(
            "application/json", None
        )  # FastAPI's default; the route declares another
    inputs = body is not None or bool(operation.get("parameters"))
    own = operation["responses"]
    _summarize(operation)
    _require_if_match(operation)
    if "422" in own and "application/json" in own["422"].get("content", {}):
        del own["422"]  # FastAPI's own error schema, which is never returned
    responses = operation["responses"] = merged(
        own, common(method, has_body=body is not None, takes_input=inputs, public=public)
    )
    add_headers(operation, public=public)
    if not public:
        operation["security"] = [{name: []} for name in _SECURITY]
    name = operation["operationId"]
    example = _EXAMPLES.get(name)
    if example is None:
        return
    if body is not None:
        for media in body["content"].values():
            media["example"] = example.body
    for parameter in operation.get("parameters", []):
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    response = responses[str(example.status)]
    if example.response is not None:
        media = response.setdefault("content", {}).setdefault("application/json", {})
        media["example"] = example.response


def _summarize(operation: dict[str, Any]) -> None:
    """Split the docstring into summary and description."""
    summary, _, description = operation.pop("description", "").partition("\n\n")
    if summary:
        operation["summary"] = summary.rstrip(".")
    if description:
        operation["description"] = description


def _require_if_match(operation: dict[str, Any]) -> None:
    """Mark `If-Match` as required; FastAPI declares it optional, as its absence is our own 428."""
    if "428" not in operation["responses"] or "201" in operation["responses"]:
        return
    for parameter in operation["parameters"]:
        if parameter["name"] == "if-match":
            parameter |= {"required": True, "schema": {"type": "string", "minLength": 1}}
