"""The pages' buttons start and stop the demo shop."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import QueuedRoute

router = APIRouter(
    prefix="/demo", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)


@router.post("/start")
def start(services: ServicesDep) -> Response:
    """Start the demo shop."""
    services.demo.start()
    return RedirectResponse(f"{services.settings.base_path}/", status_code=303)


@router.post("/stop")
def stop(services: ServicesDep) -> Response:
    """Stop the demo shop; its products stay."""
    services.demo.stop()
    return RedirectResponse(f"{services.settings.base_path}/", status_code=303)
