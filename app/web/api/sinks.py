"""Sinks over REST: where each is, and pause, resume, rewind, test and redrive for admins."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Request, Response

from app.core.errors import (
    IdempotencyKeyReused,
    SinkNotConfigured,
    SinkNotFound,
    SinkTestFailed,
    TimeOutOfRange,
)
from app.core.roles import Role
from app.store.sinks.sink_lag import SinkView
from app.web.auth.permissions import needs
from app.web.contract.refusals import refusals
from app.web.requests.idempotency import KeyedDep
from app.web.requests.parameters import ServicesDep, json_body
from app.web.requests.responses import json_answer
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.sink_models import (
    RewindRequest,
    SinkOut,
    SinkPageOut,
    SinkRedriveOut,
    SinkTestOut,
    sink_out,
)

router = APIRouter(prefix="/v1/sinks", tags=["sinks"], route_class=StrictRoute)

_EDITOR, _ADMIN = [needs(Role.EDITOR)], [needs(Role.ADMIN)]
_ACT = refusals(SinkNotFound, IdempotencyKeyReused)


async def _sink_name(name: Annotated[str, Path(description="The sink's name.")]) -> str:
    return unquote(name)


SinkName = Annotated[str, Depends(_sink_name)]


@router.get("", response_model=SinkPageOut, dependencies=_EDITOR)
def list_sinks(services: ServicesDep) -> Response:
    """List all sinks, with how far behind each is."""
    items = [sink_out(view) for view in services.store.sinks.views()]
    return json_answer({"items": items, "next_cursor": None})


@router.get(
    "/{name}", response_model=SinkOut, responses=refusals(SinkNotFound), dependencies=_EDITOR
)
def get_sink(name: SinkName, services: ServicesDep) -> Response:
    """Read one sink."""
    return _shown(services.store.sinks.view(name))


@router.post("/{name}/pause", response_model=SinkOut, responses=_ACT, dependencies=_ADMIN)
def pause_sink(
    name: SinkName, request: Request, services: ServicesDep, keyed: KeyedDep
) -> Response:
    """Deliver nothing more until the sink is resumed; what arrives meanwhile waits."""
    return _shown(services.store.sinks.pause(name, actor_of(request), keyed.once(_shown)))


@router.post("/{name}/resume", response_model=SinkOut, responses=_ACT, dependencies=_ADMIN)
def resume_sink(
    name: SinkName, request: Request, services: ServicesDep, keyed: KeyedDep
) -> Response:
    """Deliver again, from where the sink was; nothing changes where it runs."""
    return _shown(services.store.sinks.resume(name, actor_of(request), keyed.once(_shown)))


@router.post(
    "/{name}/rewind",
    response_model=SinkOut,
    responses=refusals(SinkNotFound, TimeOutOfRange, IdempotencyKeyReused),
    dependencies=[*_ADMIN, Depends(json_body)],
)
def rewind_sink(
    name: SinkName, body: RewindRequest, request: Request, services: ServicesDep, keyed: KeyedDep
) -> Response:
    """Deliver again what arrived at or after a time, or skip what is waiting."""
    actor, once = actor_of(request), keyed.once(_shown)
    return _shown(services.store.sinks.rewind(name, body.to, actor, once))


@router.post(
    "/{name}/test",
    response_model=SinkTestOut,
    responses=refusals(SinkNotFound, SinkNotConfigured, SinkTestFailed, IdempotencyKeyReused),
    dependencies=_ADMIN,
)
def test_sink(name: SinkName, request: Request, services: ServicesDep, keyed: KeyedDep) -> Response:
    """Send one test message to the receiver, from this process."""

    def accepted(answer: str) -> Response:
        return json_answer({"name": name, "answer": answer})

    return accepted(services.test_sink(name, actor_of(request), keyed.once(accepted)))


@router.post(
    "/{name}/redrive",
    status_code=202,
    response_model=SinkRedriveOut,
    responses=_ACT,
    dependencies=_ADMIN,
)
def redrive_sink(
    name: SinkName, request: Request, services: ServicesDep, keyed: KeyedDep
) -> Response:
    """Have a worker deliver all dead letters of the sink, or of `audit`, again."""
    return _due(services.store.sinks.request_redrive(name, actor_of(request), keyed.once(_due)))


def _shown(view: SinkView) -> Response:
    return json_answer(sink_out(view))


def _due(name: str) -> Response:
    return json_answer({"name": name, "status": "due"}, status=202)
