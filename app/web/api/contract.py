"""The contract of the API, for whoever may use it."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.store.roles import Role
from app.web.needs import needs

router = APIRouter(include_in_schema=False)


@router.get("/v1/openapi.json", dependencies=[needs(Role.VIEWER)])
async def openapi(request: Request) -> JSONResponse:
    """Answer with the OpenAPI document."""
    return JSONResponse(request.app.openapi())
