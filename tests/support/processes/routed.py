"""Applications that share their routes: at its first request FastAPI would prepare 200 of them."""

from functools import cache
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI

from app.config.settings import Settings
from app.web.app import create_app
from tests.support.access import about, open_to_all


@cache
def _prepared() -> FastAPI:
    """The application whose routes all others share; it has no services."""
    parts: Any = SimpleNamespace(
        settings=Settings(_env_file=None), about=about(), access=open_to_all()
    )
    return create_app(parts)


def routed(services: Any, like: FastAPI | None = None) -> FastAPI:
    """What `create_app(services)` makes, with the routes of another application.

    A route that a test adds to it is in no other.
    """
    app = create_app(services)
    app.router.routes[:] = (like or _prepared()).router.routes
    return app
