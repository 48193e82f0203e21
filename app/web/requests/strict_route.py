"""A route of the API takes nothing that it does not know: a filter that is misspelt would lie.

Its query parameters are those of its own signature, and its JSON body is read exactly
(`app.web.requests.bodies`).
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from app.web.errors import UnknownParameter
from app.web.requests.bodies import loads

_MAX_NAMED = 20  # in one answer: an address can hold thousands


class ExactRoute(APIRoute):
    """For `APIRouter(route_class=)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, over a request that was looked at, and reads its body our way."""
        handle = super().get_route_handler()
        known = sorted(
            field.alias
            for field in get_flat_params(self.dependant)
            if isinstance(field.field_info, Query)
        )

        async def handle_exactly(request: Request) -> Response:
            if request.scope["query_string"]:
                refuse_unknown(request.query_params, known)
            return await handle(_ExactRequest(request.scope, request.receive))

        return handle_exactly


class _ExactRequest(Request):
    async def json(self) -> Any:
        return loads(await self.body())


def refuse_unknown(sent: Iterable[str], known: list[str]) -> None:
    """Let only known names pass.

    Raises:
        UnknownParameter: others were sent; it names them, and those that are known.

    """
    unknown = sorted(set(sent).difference(known))[:_MAX_NAMED]
    if not unknown:
        return
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    raise UnknownParameter(
        f"This address does not know {', '.join(unknown)}: {takes}.",
        extra={"errors": [{"pointer": f"?{name}", "detail": "unknown"} for name in unknown]},
    )
