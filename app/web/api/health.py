"""`/healthz` says that the process serves; `/readyz` names the part that keeps it from its work."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.store.errors import StockpulseError
from app.web.door import Door
from app.web.needs import PUBLIC
from app.web.parameters import ServicesDep

router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[PUBLIC])
async def healthz() -> JSONResponse:
    """Answer as long as the process does."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    dependencies=[PUBLIC],
    responses={503: {"description": "A part is failing; with credentials `parts` says which."}},
)
async def readyz(request: Request, services: ServicesDep) -> JSONResponse:
    """Answer 200 while every part works, else 503; who may see the pages is told of each part."""
    parts = {name: probe() or "ok" for name, probe in services.probes.items()}
    well = all(state == "ok" for state in parts.values())
    status = "ok" if well else "unavailable"
    return JSONResponse(
        {"status": status, "parts": parts} if await _may_know(request) else {"status": status},
        status_code=200 if well else 503,
        headers={} if well else {"Retry-After": "2"},
    )


async def _may_know(request: Request) -> bool:
    """Whether the details are for whoever asks; bad credentials are no fault here.

    And a store that is silent must not hold up the answer that says so.
    """
    door: Door = request.app.state.services.door
    known = door.keyring.glance()
    try:
        return known is not None and await door.identify(request.scope, known) is not None
    except StockpulseError:
        return False
