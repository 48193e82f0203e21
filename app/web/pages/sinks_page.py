"""The System page's forms control sinks; each works without script and redirects back there."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.roles import Role
from app.store.sinks.rewind_point import RewindTo
from app.store.sinks.sink_lag import SinkView
from app.web.auth.permissions import needs
from app.web.pages.forms import Form, Submitted
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, administrable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.services import Services

SinkName = Annotated[str, Query(alias="name")]

router = APIRouter(
    prefix="/system/sinks", route_class=QueuedRoute, dependencies=[needs(Role.ADMIN, administrable)]
)


@router.post("/pause")
def pause(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Pause a sink."""
    services.store.sinks.pause(fields.get("name", ""), actor_of(request))
    return _done(services)


@router.post("/resume")
def resume(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Resume a sink."""
    services.store.sinks.resume(fields.get("name", ""), actor_of(request))
    return _done(services)


@router.post("/redrive")
def redrive(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Deliver all dead letters of a sink again."""
    services.store.sinks.request_redrive(fields.get("name", ""), actor_of(request))
    return _done(services)


@router.get("/rewind")
def rewind_page(request: Request, services: ServicesDep, name: SinkName) -> HTMLResponse:
    """Ask for the time to rewind a sink to."""
    return _sheet(request, services, services.store.sinks.view(name), Form({}))


@router.post("/rewind")
def rewind(request: Request, services: ServicesDep, name: SinkName, fields: Submitted) -> Response:
    """Rewind a sink, or skip its waiting events."""
    view, form = services.store.sinks.view(name), Form(fields)
    to = _chosen(form, ZoneInfo(services.settings.timezone))
    if to is not None:
        with form.attempt():
            services.store.sinks.rewind(name, to, actor_of(request))
            return _done(services)
    return _sheet(request, services, view, form)


@router.get("/rebuild")
def rebuild_page(request: Request, services: ServicesDep, name: SinkName) -> HTMLResponse:
    """Say what building a connection's copy again means, and ask."""
    return _rebuild_sheet(request, services.store.sinks.view(name), Form({}))


@router.post("/rebuild")
def rebuild(request: Request, services: ServicesDep, name: SinkName) -> Response:
    """Let a worker build a connection's copy again."""
    view, form, answer = services.store.sinks.view(name), Form({}), ""
    with form.attempt():
        answer = services.rebuild_sink(name, actor_of(request), None)
    return _rebuild_sheet(request, view, form, answer)


def _rebuild_sheet(request: Request, view: SinkView, form: Form, answer: str = "") -> HTMLResponse:
    return render(
        request,
        "sink_rebuild.html",
        status=form.status,
        page="system",
        name=view.row.name,
        form=form,
        answer=answer,
    )


def _chosen(form: Form, zone: ZoneInfo) -> RewindTo | None:
    """What the pressed button selects; None, with an error, if the time is not valid."""
    match form.values.get("to"):
        case "now":
            return "now"
        case "beginning":
            return "beginning"
    try:
        return datetime.fromisoformat(form.values.get("time", "")).replace(tzinfo=zone)
    except ValueError:
        form.status = 422
        form.errors["time"] = "Enter a date and a time."
        return None


def _sheet(request: Request, services: Services, view: SinkView, form: Form) -> HTMLResponse:
    cursor, zone = view.row.cursor, services.settings.timezone
    return render(
        request,
        "sink_rewind.html",
        status=form.status,
        page="system",
        name=view.row.name,
        delivered_to=None
        if cursor is None or not cursor.ms
        else datetime.fromtimestamp(cursor.ms / 1000, ZoneInfo(zone)),
        zone=zone,
        form=form,
    )


def _done(services: Services) -> Response:
    services.system.expire()  # so that the next page shows the result
    return RedirectResponse(f"{services.settings.base_path}/system#sinks", status_code=303)
