"""Sinks over REST: editors see their progress; admins control them."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Request, Response

from app.core.errors import IdempotencyKeyReused
from app.core.roles import Role
from app.store.sinks.sink_errors import (
    SinkNotConfigured,
    SinkNotFound,
    SinkRebuildFailed,
    SinkTestFailed,
    TimeOutOfRange,
)
from app.store.sinks.sink_lag import SinkView
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import ServicesDep, json_body
from app.web.requests.responses import json_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.sink_models import (
    RewindRequest,
    SinkOut,
    SinkPageOut,
    SinkRebuildOut,
    SinkRedriveOut,
    SinkTestOut,
    sink_out,
)

router = APIRouter(prefix="/v1/sinks", tags=["sinks"], route_class=StrictRoute)

_EDITOR, _ADMIN = [needs(Role.EDITOR)], [needs(Role.ADMIN)]
_ACTION = error_responses(SinkNotFound, IdempotencyKeyReused)


async def _sink_name(name: Annotated[str, Path(description="The sink's name.")]) -> str:
    return unquote(name)


SinkName = Annotated[str, Depends(_sink_name)]


@router.get(
    "",
    response_model=SinkPageOut,
    response_description="All sinks.",
    dependencies=_EDITOR,
)
def list_sinks(services: ServicesDep) -> Response:
    """List sinks.

    Returns all sinks, their state, and how far each one is behind.
    """
    items = [sink_out(view) for view in services.store.sinks.views()]
    return json_response({"items": items, "next_cursor": None})


@router.get(
    "/{name}",
    response_model=SinkOut,
    response_description="The sink.",
    responses=error_responses(SinkNotFound),
    dependencies=_EDITOR,
)
def get_sink(name: SinkName, services: ServicesDep) -> Response:
    """Retrieve a sink."""
    return _sink(services.store.sinks.view(name))


@router.post(
    "/{name}/pause",
    response_model=SinkOut,
    response_description="The paused sink.",
    responses=_ACTION,
    dependencies=_ADMIN,
)
def pause_sink(
    name: SinkName, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Pause a sink.

    Nothing is delivered until the sink is resumed. Events that arrive in the meantime wait.
    """
    return _sink(services.store.sinks.pause(name, actor_of(request), idempotency.once(_sink)))


@router.post(
    "/{name}/resume",
    response_model=SinkOut,
    response_description="The running sink.",
    responses=_ACTION,
    dependencies=_ADMIN,
)
def resume_sink(
    name: SinkName, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Resume a sink.

    Delivery continues where it was paused. Does nothing if the sink is running.
    """
    return _sink(services.store.sinks.resume(name, actor_of(request), idempotency.once(_sink)))


@router.post(
    "/{name}/rewind",
    response_model=SinkOut,
    response_description="The sink with its new cursor.",
    responses=error_responses(SinkNotFound, TimeOutOfRange, IdempotencyKeyReused),
    dependencies=[needs(Role.ADMIN, json_body)],
)
def rewind_sink(
    name: SinkName,
    body: RewindRequest,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Rewind a sink.

    Delivers the events again that arrived at or after a time, or skips the events that wait.
    """
    actor, once = actor_of(request), idempotency.once(_sink)
    return _sink(services.store.sinks.rewind(name, body.to, actor, once))


@router.post(
    "/{name}/test",
    response_model=SinkTestOut,
    response_description="The receiver accepted the test message.",
    responses=error_responses(
        SinkNotFound, SinkNotConfigured, SinkTestFailed, IdempotencyKeyReused
    ),
    dependencies=_ADMIN,
)
def test_sink(
    name: SinkName, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Test a sink.

    Sends one test message to the sink's receiver, from the process that handles this request.
    """

    def accepted(answer: str) -> Response:
        return json_response({"name": name, "answer": answer})

    return accepted(services.test_sink(name, actor_of(request), idempotency.once(accepted)))


@router.post(
    "/{name}/rebuild",
    status_code=202,
    response_model=SinkRebuildOut,
    response_description="A worker has yet to do it.",
    responses=error_responses(
        SinkNotFound, SinkNotConfigured, SinkRebuildFailed, IdempotencyKeyReused
    ),
    dependencies=_ADMIN,
)
def rebuild_sink(
    name: SinkName, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Rebuild what a sink's receiver holds.

    A worker makes it again from the products table, and goes on delivering events. What is there
    stays in use until then. The search index can be rebuilt; other sinks are rewound instead.
    """

    def accepted(answer: str) -> Response:
        return json_response({"name": name, "answer": answer}, status=202)

    return accepted(services.rebuild_sink(name, actor_of(request), idempotency.once(accepted)))


@router.post(
    "/{name}/redrive",
    status_code=202,
    response_model=SinkRedriveOut,
    response_description="The dead letters are marked; a worker delivers them soon.",
    responses=_ACTION,
    dependencies=_ADMIN,
)
def redrive_sink(
    name: SinkName, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Redrive a sink's dead letters.

    A worker delivers all dead letters of the sink again. The name `audit` redrives the stream
    records that could not be audited.
    """
    return _due(
        services.store.sinks.request_redrive(name, actor_of(request), idempotency.once(_due))
    )


def _sink(view: SinkView) -> Response:
    return json_response(sink_out(view))


def _due(name: str) -> Response:
    return json_response({"name": name, "status": "due"}, status=202)
