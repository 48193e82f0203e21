"""A route that changes something waits for its turn before it takes a thread."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import unquote

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.web.middleware.rate_limits import account_of
from app.web.requests.write_queue import WriteQueue


class QueuedRoute(APIRoute):
    """For `APIRouter(route_class=)`; an `async` endpoint takes turns itself, if it needs any."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, which waits if the route can change something."""
        handle = super().get_route_handler()
        if (self.methods or set()) <= {"GET", "HEAD"} or iscoroutinefunction(self.endpoint):
            return handle

        async def handle_in_turn(request: Request) -> Response:
            try:
                await request.body()  # a client that sends slowly must not hold a turn
            except ClientDisconnect:
                raise HTTPException(400, "The connection ended before the body did.") from None
            async with turn_of(request, _subject(request)):
                return await handle(request)

        return handle_in_turn


def turn_of(
    request: Request, subject: str | None, kind: str = ""
) -> AbstractAsyncContextManager[None]:
    """The turn of a write by the caller of this request; raises as `WriteQueue.turn` does.

    Writes of different kinds take turns as those of different callers do.
    """
    writes: WriteQueue = request.app.state.writes
    return writes.turn(f"{kind}{account_of(request.scope)}", subject)


def _subject(request: Request) -> str | None:
    """The id of the product that the request changes, or the path of something else.

    A reversal waits for other reversals of its event only: it may read much before it writes.
    """
    named = request.path_params
    if (product_id := named.get("product_id")) is not None:
        return unquote(product_id)
    return request.url.path if named else request.query_params.get("id")
