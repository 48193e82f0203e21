"""The application: middleware around routes; its services are passed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial

import anyio.to_thread
from fastapi import FastAPI, Request
from starlette.types import ASGIApp

from app.core.errors import StockpulseError
from app.store.dynamodb.client import POOL_SIZE
from app.web import problems
from app.web.api import (
    admin,
    alerts,
    analytics,
    contracts,
    dead_letters,
    events,
    health,
    metrics,
    reversals,
    sinks,
    views,
)
from app.web.api.exports import export_routes
from app.web.api.imports import import_routes, import_upload
from app.web.api.products import batch, product_reads, product_writes, stock
from app.web.api.rules import rule_actions, rule_routes
from app.web.contract.openapi import contract, operation_id
from app.web.middleware.access_log import AccessLog
from app.web.middleware.authentication import Authentication
from app.web.middleware.compression import Compression
from app.web.middleware.cors import APICors
from app.web.middleware.head_requests import HeadAsGet
from app.web.middleware.rate_limits import AddressBudget, KeyBudget
from app.web.middleware.request_guard import RequestGuard, request_id_of
from app.web.pages import live_page, sign_in_page
from app.web.requests.version_wait import VersionWaits
from app.web.requests.write_queue import WriteQueue
from app.web.services import Services
from app.web.statics import VersionedFiles

_ROUTED_MODULES = (
    product_reads,  # first: routes are tried in this order, and these are asked most
    product_writes,
    stock,
    batch,
    events,
    export_routes,
    import_upload,
    import_routes,
    health,
    metrics,
    reversals,
    analytics,
    alerts,
    dead_letters,
    sinks,
    rule_routes,
    rule_actions,
    views,
    contracts,
    admin,
    sign_in_page,
    live_page,
)

# Threads for routes: fewer than the store's connections, because the worker uses some of these.
WEB_THREADS = POOL_SIZE - 8


def create_app(services: Services) -> FastAPI:
    """The ASGI application for `services`; nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = WEB_THREADS
        async with (
            services.access.stream_revocation.running(),
            services.broker.running(),
            services.web_threads.running(),
        ):
            yield

    app = FastAPI(
        title="Stockpulse",
        version=services.about.version,
        summary="Live inventory on DynamoDB Streams.",
        openapi_url=None,  # `app.web.api.contracts` serves it and requires credentials
        docs_url=None,  # FastAPI's page loads a CDN's assets, which our CSP blocks
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    app.state.writes = WriteQueue()
    app.state.version_waits = VersionWaits()
    for module in _ROUTED_MODULES:
        app.include_router(module.router)
    app.mount("/static", VersionedFiles(), name="static")
    problems.install(app)
    app.openapi = cache(partial(contract, app))  # type: ignore[method-assign]
    _add_middleware(app, services)
    return app


def _add_middleware(app: FastAPI, services: Services) -> None:
    """Add the middleware, innermost first.

    CORS is outside authentication: a browser sends its preflight without credentials.
    """
    settings, authenticator = services.settings, services.access.authenticator
    refuse = problems.refusal
    app.add_middleware(Compression)  # inside `HeadAsGet`: HEAD and GET return the same headers
    app.add_middleware(KeyBudget, per_minute=settings.rate_limit_per_minute, refuse=refuse)
    app.add_middleware(
        Authentication, authenticator=authenticator, refuse=refuse, wants_page=problems.wants_page
    )
    app.add_middleware(AddressBudget, settings=settings, authenticator=authenticator, refuse=refuse)
    app.add_middleware(HeadAsGet)
    if settings.cors_origins:
        app.add_middleware(APICors, origins=settings.cors_origins, base=settings.base_path)
    app.add_middleware(
        RequestGuard, settings=settings, proxies=authenticator.proxies, refuse=_refuse
    )
    app.add_middleware(AccessLog)


def _refuse(request: Request, error: StockpulseError) -> ASGIApp:
    """The response of `RequestGuard`, which runs outside the exception handlers."""
    return problems.problem(
        request_id_of(request.scope),
        error.status,
        error.code,
        error.title,
        error.detail,
        headers=error.headers,
        extra=error.extra,
    )
