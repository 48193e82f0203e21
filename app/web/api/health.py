"""`/healthz` says that the process serves; `/readyz` names the part that keeps it from its work."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.web.parameters import ServicesDep

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Answer as long as the process does."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", responses={503: {"description": "A part is failing; `parts` says which."}})
async def readyz(services: ServicesDep) -> JSONResponse:
    """Answer 200 while every part works, else 503 with what is wrong by part."""
    parts = {name: probe() or "ok" for name, probe in services.probes.items()}
    well = all(state == "ok" for state in parts.values())
    return JSONResponse(
        {"status": "ok" if well else "unavailable", "parts": parts},
        status_code=200 if well else 503,
        headers={} if well else {"Retry-After": "2"},
    )
