"""The demo shop's two buttons: forms that work without script and lead back to the Live page."""

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.requests.parameters import ServicesDep, writable

router = APIRouter(prefix="/demo", dependencies=[needs(Role.EDITOR), Depends(writable)])


@router.post("/start")
def start(services: ServicesDep) -> Response:
    """Open the shop."""
    services.demo.start()
    return RedirectResponse(f"{services.settings.base_path}/", status_code=303)


@router.post("/stop")
def stop(services: ServicesDep) -> Response:
    """Close the shop; its products stay."""
    services.demo.stop()
    return RedirectResponse(f"{services.settings.base_path}/", status_code=303)
