"""Every error is returned as a problem document (RFC 9457), or as a page if a browser asked.

Errors are rendered here and nowhere else, and never with a stack trace.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.core import json_text
from app.core.errors import ProductGone, StockpulseError
from app.observability.logs import about
from app.readmodel.copy_state import ReadModelFilling
from app.store.idempotency import Replayed
from app.web.errors import (
    InternalError,
    InvalidRequest,
    MalformedJSON,
    TooManyExports,
    TooManyWrites,
)
from app.web.middleware.request_guard import SECURITY_HEADERS, request_id_of
from app.web.pages.live_page import error_page
from app.web.problem_document import document, field_errors
from app.web.requests.idempotency import replay

_log = logging.getLogger(__name__)

_CODES = {404: "not-found", 405: "method-not-allowed", 400: "malformed-request"}
_PAGE_TITLES = {"not-found": "Page not found", "event-not-found": "Change not found"}
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# Errors with status 503 that are raised before anything is written.
_NOTHING_SAVED = {ReadModelFilling.code, TooManyWrites.code, TooManyExports.code}
_MAX_ERRORS = 20  # in one response: a small body can contain thousands


def install(app: FastAPI) -> None:
    """Render every error of `app` here."""
    app.add_exception_handler(StockpulseError, refusal)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Replayed, _replayed)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    request_id: str,
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document as a response."""
    return Response(
        json_text.dumps(document(request_id, status, code, title, detail, extra)),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/problem+json",
    )


def _replayed(_: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)  # noqa: S101 - how it was registered
    return replay(error)


def refusal(request: Request, error: Exception) -> Response:
    """A `StockpulseError` as a response."""
    assert isinstance(error, StockpulseError)  # noqa: S101 - how it was registered
    extra = dict(error.extra)
    if isinstance(error, ProductGone) and (product := request.path_params.get("product_id")):
        base = request.scope.get("root_path", "")
        extra["history"] = f"{base}/v1/products/{product}/events"
    return _render(
        request, error.status, error.code, error.title, error.detail, error.headers, extra
    )


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it was registered
    errors = error.errors()
    shown = field_errors(errors[:_MAX_ERRORS])
    if any(entry["type"] == "json_invalid" for entry in errors):
        return _render(
            request,
            MalformedJSON.status,
            MalformedJSON.code,
            MalformedJSON.title,
            shown[0]["detail"],
            {},
            {},
        )
    detail = "; ".join(f"{entry['pointer'] or 'body'}: {entry['detail']}" for entry in shown)
    if len(errors) > len(shown):
        detail += f"; and {len(errors) - len(shown)} more"
    return _render(
        request,
        InvalidRequest.status,
        InvalidRequest.code,
        InvalidRequest.title,
        detail,
        {},
        {"errors": shown},
    )


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    title = HTTPStatus(error.status_code).phrase
    code = _CODES.get(error.status_code, title.lower().replace(" ", "-"))
    detail = error.detail
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path}."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request, headers.get("Allow", ""))
        detail = f"{request.method} is not allowed here. Allowed methods: {headers['Allow']}."
    return _render(request, error.status_code, code, title, detail, headers, {})


def _allowed(request: Request, given: str) -> str:
    """Every method of this path: the router's own header has only those of the first route."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    found = {
        method
        for method in _METHODS
        for route in routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    found |= {method for method in given.split(", ") if method}
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))


def _unexpected(request: Request, error: Exception) -> Response:
    with about(request_id=request_id_of(request.scope)):  # this runs outside the middleware
        _log.error("a request failed unexpectedly", exc_info=error)
    response = refusal(request, InternalError())
    # This runs outside the middleware that adds these.
    response.headers.update(SECURITY_HEADERS)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Request-Id"] = request_id_of(request.scope)
    return response


def _render(
    request: Request,
    status: int,
    code: str,
    title: str,
    detail: str,
    headers: Mapping[str, str],
    extra: Mapping[str, Any],
) -> Response:
    if wants_page(request):
        page = error_page(
            request,
            status,
            _PAGE_TITLES.get(code, title),
            detail,
            may_be_saved=status == HTTPStatus.SERVICE_UNAVAILABLE and code not in _NOTHING_SAVED,
        )
        page.headers.update(headers)
        return page
    return problem(
        request_id_of(request.scope), status, code, title, detail, headers=headers, extra=extra
    )


def wants_page(request: Request) -> bool:
    """Whether a browser requested something outside the API."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    is_api = path.startswith(("/v1/", "/healthz", "/readyz", "/metrics"))
    return not is_api and "text/html" in request.headers.get("accept", "")
