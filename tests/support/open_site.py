"""The application, open to all, with the services that a test gives; called without a network."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
from fastapi import FastAPI

from app.config.settings import Settings
from app.readmodel.copy_state import CopyState, Filling
from tests.support.access import about, open_to_all
from tests.support.processes.routed import routed

Headers = dict[str, str]

NOT_FILLED = CopyState(
    filled=False,
    scanned=0,
    expected=None,
    events=Filling(filled=False, scanned=0, expected=None),
    lag=0.0,
    trouble="",
)


def send(
    app: FastAPI, method: str, path: str, transport: Mapping[str, Any], **request: Any
) -> httpx.Response:
    """Send one request; `transport` are options of `httpx.ASGITransport`."""

    async def ask() -> httpx.Response:
        to_app = httpx.ASGITransport(app, **transport)
        async with httpx.AsyncClient(transport=to_app, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **request)

    # In a thread: after browser tests, the main thread already has an event loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, anyio.run, ask).result()


@cache
def _application(**settings: Any) -> FastAPI:
    """One application for all tests with these settings."""
    parts: Any = SimpleNamespace(
        settings=Settings(_env_file=None, **settings),
        about=about(),
        demo=SimpleNamespace(is_running=lambda: False, is_possible=True),
        access=open_to_all(settings.get("base_path", "")),
        broker=SimpleNamespace(head="0000000000001-00000000-000"),
        read_model=SimpleNamespace(state=NOT_FILLED),
    )
    return routed(parts)


class OpenSite:
    """The application with these settings, and with these services during each request."""

    def __init__(self, settings: Mapping[str, Any] | None = None, **services: Any) -> None:
        self._app = _application(**(settings or {}))
        self._services = services

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.send("GET", path, headers)

    def post(self, path: str, headers: Headers | None = None, **request: Any) -> httpx.Response:
        return self.send("POST", path, headers, **request)

    def send(
        self, method: str, path: str, headers: Headers | None = None, **request: Any
    ) -> httpx.Response:
        """Return the response to a browser, also the one to an unexpected error."""
        request["headers"] = {"Accept": "text/html"} | (headers or {})
        state = self._app.state
        own = state.services
        state.services = SimpleNamespace(**(vars(own) | self._services))
        try:
            return send(self._app, method, path, {"raise_app_exceptions": False}, **request)
        finally:
            state.services = own
