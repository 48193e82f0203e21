"""The OpenAPI and AsyncAPI documents, and a page to read and try them without a CDN."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.contract.asyncapi import stream_contract
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep

# Swagger UI sets inline styles; otherwise this is as strict as the policy of the other pages.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])


@router.get("/v1/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """The OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/v1/asyncapi.json")
async def asyncapi(services: ServicesDep) -> JSONResponse:
    """The AsyncAPI document of the live stream."""
    return JSONResponse(stream_contract(services.about.version, services.settings.base_path))


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page that shows the OpenAPI document."""
    page = render(request, "docs.html", page="docs")
    page.headers["Content-Security-Policy"] = _POLICY
    return page
